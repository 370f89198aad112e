"""Characters that look like those of prompts and chat templates, or that tokenizers read as these."""

from __future__ import annotations

import unicodedata

__all__ = [
    "ANGLE",
    "BARS",
    "CLOSING",
    "COLONS",
    "DASHES",
    "OPENING",
    "ROUND",
    "UNANGLE",
    "UNDERLINES",
    "folded",
]

OPENING, CLOSING = "[［﹇【〔⟦⟬❲〖〘〚⁅⦋⦗", "]］﹈】〕⟧⟭❳〗〙〛⁆⦌⦘"
"""Square brackets and their like."""
ANGLE, UNANGLE = "<＜﹤‹〈⟨〈❬❰˂", ">＞﹥›〉⟩〉❭❱˃"
"""Angle brackets and their like."""
BARS = "|｜∣│┃❘❙ǀ"
COLONS = ":：﹕︓꞉∶ː׃܃᠄⁚"
UNDERLINES = "_＿︳︴﹍﹎﹏"
DASHES = "-=‐‑‒–—―−﹘﹣－⸺⸻⹀─━═＝﹦⁼₌"

ROUND = str.maketrans(dict.fromkeys(OPENING + ANGLE, "(") | dict.fromkeys(CLOSING + UNANGLE, ")"))
"""Every bracket as a round one."""

# Letters that are drawn like Latin ones: Cyrillic, Greek, Armenian, small capitals, Cherokee, Lisu.
_LATIN = str.maketrans(
    "авеікмнорсстухсѕјԁԛԝһАВЕІКМНОРСТУХЅЈԌ"
    "αεικνορτυχϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
    "օսոհցԼՍՏՕ"
    "ɑɡɩıʟᴀʙᴄᴅᴇɢʜɪᴊᴋᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"
    "ᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃ"
    "ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ",
    "abeikmhopcctyxcsjdqwhABEIKMHOPCTYXSJG"
    "aeiknoptuxcjABEZHIKMNOPTYX"
    "ounhgLUSO"
    "agiilabcdeghijkmnoprstuvwyz"
    "ABCDEHJKLMPRSTVWZ"
    "ABCDEFGHIJKLMNOPRSTUVWXYZ",
)


def folded(text: str) -> str:
    """The text as it looks: compatibility forms resolved, letters of other scripts as the Latin ones.

    Case stays. For comparing; nobody is shown it.
    """
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_LATIN)
