"""Provenance of a file: packing it into XMP, EXIF and text, and unpacking it again.

The mark is the IPTC digital source type "trainedAlgorithmicMedia" (https://cv.iptc.org/newscodes/digitalsourcetype/),
which is what photo libraries and platforms look for. Foreign metadata is searched with linear patterns, never handed to
an XML parser.
"""

import json
import re
from dataclasses import dataclass, replace

AI_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
MAX_TEXT = 1 << 20  # longest metadata text that is looked at, in characters

_NAMESPACES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "mutoscope": "urn:mutoscope:1.0/",
}
# What XML and UTF-8 cannot hold, in parts: as one class it takes ten times as long to compile, and every start waits for it.
_UNWRITABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f]|[\ud800-\udfff]|[\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_EXIF_IFD, _USER_COMMENT, _SOFTWARE = 0x8769, 0x9286, 0x0131


@dataclass(frozen=True)
class Provenance:
    """What a file says about how it was made."""

    request_json: str | None  # the whole request; None leaves it out
    parameters: str | None  # the same for people and other tools, as A1111 writes it; None leaves it out
    software: str  # name and version
    marking: bool  # the IPTC mark "made by a trained model"

    def writable(self) -> "Provenance":
        """Return this without characters no container can hold: escaped in the JSON (same meaning), else replaced."""
        request = self.request_json and _UNWRITABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", self.request_json)
        text = self.parameters and _UNWRITABLE.sub("\ufffd", self.parameters)
        return replace(self, request_json=request, parameters=text, software=_UNWRITABLE.sub("\ufffd", self.software))


def xmp_packet(
    provenance: Provenance,
    *,
    request: str | None = None,
    parameters: str | None = None,
    fps: int | None = None,  # of clips whose container keeps no rate
    frames: int | None = None,  # of clips whose container may join equal frames
) -> bytes:
    """Return an XMP packet with software, mark and those of our `fields` that are not None."""
    values = {"xmp:CreatorTool": provenance.software}
    if provenance.marking:
        values["Iptc4xmpExt:DigitalSourceType"] = AI_SOURCE
    fields = {"request": request, "parameters": parameters, "fps": fps, "frames": frames}
    values |= {f"mutoscope:{name}": str(value) for name, value in fields.items() if value is not None}
    lines = [f"<{name}>{text.translate(str.maketrans(_ESCAPES))}</{name}>" for name, text in values.items()]
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces}>{"".join(lines)}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def xmp_values(packet: bytes | str | None) -> dict[str, str]:
    """Return "request", "parameters", "fps", "frames", "software", "source" of an XMP packet, as far as there."""
    if not packet or len(packet) > MAX_TEXT:
        return {}
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else packet
    names = {f"mutoscope:{name}": name for name in ("request", "parameters", "fps", "frames")}
    names |= {"xmp:CreatorTool": "software", "Iptc4xmpExt:DigitalSourceType": "source"}
    found = {short: _xmp_value(text, name) for name, short in names.items()}
    return {short: value for short, value in found.items() if value is not None}


def _xmp_value(text: str, name: str) -> str | None:
    """Return the value of a property, written as an element or as an attribute."""
    import html

    match = re.search(rf"<{name}>([^<]*)</", text) or re.search(rf'\s{name}\s*=\s*"([^"]*)"', text)
    return html.unescape(match[1]) if match else None


def exif_block(provenance: Provenance) -> bytes:
    """Return EXIF with the software and, as UserComment, the A1111 parameters (big-endian UTF-16, as others do)."""
    from PIL import Image

    exif = Image.Exif()
    exif.endian = ">"
    exif[_SOFTWARE] = provenance.software
    if provenance.parameters is not None:
        exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = b"UNICODE\0" + provenance.parameters.encode("utf-16-be")
    return exif.tobytes()


def exif_parameters(exif) -> str | None:
    """Return the text of UserComment from a PIL `Exif`, or None."""
    comment = exif.get_ifd(_EXIF_IFD).get(_USER_COMMENT)
    if not isinstance(comment, bytes) or len(comment) > 2 * MAX_TEXT:
        return None
    charset, body = comment[:8], comment[8:]
    if charset != b"UNICODE\0":
        return body.decode("utf-8", "replace").strip("\0 ") or None
    little = body[1:2] == b"\0" and body[:1] != b"\0"
    return body.decode("utf-16-le" if little else "utf-16-be", "replace") or None


def is_ai(source: str | None) -> bool:
    """Return whether a digital source type says that a trained model made the media, wholly or in part."""
    return bool(source) and source.lower().endswith("trainedalgorithmicmedia")


def as_request(text: str | None) -> str | None:
    """Return `text` if it is a JSON object, as every request is, else None."""
    if not text or len(text) > MAX_TEXT or not text.lstrip().startswith("{"):
        return None
    try:
        return text if isinstance(json.loads(text), dict) else None
    except (ValueError, RecursionError):
        return None
