"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("with-scripts");
  for (const element of document.querySelectorAll(".with-script")) element.hidden = false;

  // Everything from the data comes in as text, never as mark-up.
  const make = (tag, kind, text) => {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  // The theme: what the system says, or what was chosen here.
  const themes = ["system", "light", "dark"];
  const button = document.getElementById("theme");
  const setTheme = (theme) => {
    if (theme === "system") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
    button.textContent = "Theme: " + theme;
  };
  let theme = "system";
  try { theme = themes.find((name) => name === localStorage.getItem("llmrerank-theme")) || theme; } catch { /* nothing is kept */ }
  setTheme(theme);
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    setTheme(theme);
    try { localStorage.setItem("llmrerank-theme", theme); } catch { /* nothing is kept */ }
  });

  // Sorting: numbers from the most, words from the first letter; what is not known stays last.
  const sortKey = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    const text = cell.textContent.trim();
    if (column === 0) return text.toLowerCase();
    return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
  };
  const sort = (table, column, up) => {
    closeAll(table);
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [sortKey(row, column), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1);
    });
    body.append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const press = make("button");
      press.type = "button";
      press.append(...head.childNodes);
      head.append(press);
      press.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const up = now ? now === "descending" : column === 0;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        sort(table, column, up);
      });
    });
  }

  // Queries: a row opens to show the lists of all strategies side by side.
  const parsed = new Map();
  const dataOf = (table) => {
    const id = table.dataset.queries;
    if (!parsed.has(id)) parsed.set(id, JSON.parse(document.getElementById(id).textContent));
    return parsed.get(id);
  };
  const gradeOf = (grade, relevance) => {
    if (grade === undefined) return "";
    if (grade === null) return make("span", "grade none", "?");
    return make("span", grade >= relevance && grade > 0 ? "grade relevant" : "grade", grade);
  };
  const moveOf = (place, previous) => {
    if (previous === undefined) return "";
    const by = previous - place;
    const span = make("span", "move" + (by > 0 ? " rose" : by < 0 ? " fell" : ""), by > 0 ? "↑" + by : by < 0 ? "↓" + -by : "=");
    span.title = by ? "was at " + previous : "did not move";
    return span;
  };
  const listOf = (data, query, index) => {
    const [number, name, baseline] = data.rows[index];
    const box = make("div");
    const head = make("h5");
    head.append(make("span", "row-number", number), name, " ");
    if (baseline) head.append(make("span", "tag", "baseline"));
    box.append(head);
    const values = query.m ? data.measures.map((measure, at) => measure + " " + query.m[index][at].toFixed(4)) : [];
    box.append(make("p", "quiet", values.join(" · ")));
    const list = query.l[index];
    if (!list) {
      box.append(make("p", "quiet", (query.f && query.f[index]) || "no answer"));
      return box;
    }
    const hits = make("ol", "hits");
    list[0].forEach((own, at) => {
      const [id, title, text] = data.documents[query.d[own]];
      const hit = make("li");
      hit.dataset.document = query.d[own];
      const line = make("div", "hit-head");
      line.append(make("span", "place", at + 1), gradeOf(query.g && query.g[own], data.relevance), moveOf(at + 1, list[1][at]));
      const score = list[2][at];
      if (score !== null && score !== undefined) line.append(make("span", "score", score));
      line.append(make("span", "doc-id", id));
      hit.append(line);
      for (const [kind, words] of [["doc-title", title], ["doc-text", text]]) {
        if (!words) continue;
        const paragraph = make("p", kind, words);
        paragraph.dir = "auto";
        hit.append(paragraph);
      }
      hits.append(hit);
    });
    box.append(hits);
    return box;
  };
  const isOpen = (row) => row.nextElementSibling?.classList.contains("opened") ?? false;
  const close = (row) => {
    row.nextElementSibling.remove();
    row.querySelector("button").setAttribute("aria-expanded", "false");
  };
  const open = (row) => {
    const table = row.closest("table");
    const data = dataOf(table);
    const query = data.queries[row.dataset.query];
    const detail = make("tr", "opened");
    const cell = make("td");
    cell.colSpan = row.cells.length;
    const lists = make("div", "rows");
    lists.tabIndex = 0;
    lists.setAttribute("role", "region");
    lists.setAttribute("aria-label", "Lists of all rows");
    lists.append(...data.rows.map((_, index) => listOf(data, query, index)));
    const mark = (event) => {
      const at = event.target.closest("li[data-document]")?.dataset.document;
      for (const hit of lists.querySelectorAll("li[data-document]")) hit.classList.toggle("same", event.type === "mouseover" && hit.dataset.document === at);
    };
    lists.addEventListener("mouseover", mark);
    lists.addEventListener("mouseleave", mark);
    cell.append(lists);
    detail.append(cell);
    row.after(detail);
    row.querySelector("button").setAttribute("aria-expanded", "true");
  };
  const closeAll = (table) => {
    for (const detail of table.querySelectorAll("tr.opened")) close(detail.previousElementSibling);
  };
  for (const table of document.querySelectorAll("table[data-queries]")) {
    for (const row of table.querySelectorAll("tr[data-query]")) {
      const text = row.querySelector(".query-text");
      const press = make("button");
      press.type = "button";
      press.setAttribute("aria-expanded", "false");
      press.append(...text.childNodes);
      text.append(press);
    }
    table.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-query]");
      // A text that is being selected is not a click on its row.
      if (!row || (!event.target.closest("button") && String(getSelection()))) return;
      if (isOpen(row)) close(row); else open(row);
    });
  }
  for (const input of document.querySelectorAll("input[data-filter]")) {
    const table = document.getElementById(input.dataset.filter);
    const found = document.getElementById(input.id + "-found");
    input.addEventListener("input", () => {
      closeAll(table);
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of table.tBodies[0].rows) {
        const text = row.cells[0].textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        if (!row.hidden) count += 1;
      }
      found.textContent = words.length ? count + " found" : "";
    });
  }

  // A link into something closed opens it; a bar leads to its query.
  const show = (row) => {
    row.hidden = false;
    if (!isOpen(row)) open(row);
    row.scrollIntoView({ block: "start" });
    row.querySelector("button").focus({ preventScroll: true });
  };
  const follow = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target.dataset.query !== undefined) show(target);
  };
  addEventListener("hashchange", follow);
  if (location.hash) follow();
  for (const group of document.querySelectorAll(".multiples[data-section]")) {
    group.addEventListener("click", (event) => {
      const bar = event.target.closest("rect[data-query]");
      const row = bar && document.getElementById(group.dataset.section + "-q" + bar.dataset.query);
      if (row) show(row);
    });
  }

  // Printing: what belongs to the results is opened, and closed again.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details[data-print]:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });

  for (const copy of document.querySelectorAll("button[data-copy]")) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      const source = document.getElementById(copy.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        copy.textContent = "Copied";
      } catch {
        // Where the browser forbids it, the text is at least selected.
        getSelection().selectAllChildren(source);
        copy.textContent = "Selected";
      }
    });
  }
})();
