"""A second verifier of signed discussion files. It shares no code with the program that it judges.

    verify.py FILE REPO PR JWKS [SEQ:HASH]      one file
    verify.py --batch                           one JSON object a line on stdin: file (base64), repo, pr, jwks, anchor, paths

REPO is a number or owner/name. Prints one JSON object for each file: the votes that are accepted as [who, vote], the
receipts in order with what became of each, how many are missing behind the anchor. Needs cryptography (Ed25519) and
markdown-it-py (what a reader sees as code, comment or quote).
"""

import base64
import functools
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from markdown_it import MarkdownIt

B64 = "([A-Za-z0-9_=-]+)"
RECEIPT = re.compile(rf"<!-- receipt: ({B64}\.{B64}\.{B64}) -->[ \t]*\Z")
SEPARATOR = re.compile(r" {0,3}---[ \t]*\Z")
NAME = re.compile(r" {0,3}[Nn][Aa][Mm][Ee]:[ \t]*([^ \t](?:[\s\S]*[^ \t])?)[ \t]*\Z")
HEADER = re.compile(r" {0,3}<!--((?:(?!-->)[\s\S])*)-->[ \t]*\Z")
KEY = re.compile(r"[A-Za-z][A-Za-z0-9 _-]*\Z")
VOTE = re.compile(r" {0,3}(?:(?:-|\*|\+|\d+[.)]) +(?:\[[ xX]\] +)?)?(?:#{1,6} +)?(?:\*\*|__)?VOTE(?:\*\*|__)?[ \t]?:(?:\*\*|__)?[ \t]*(.*)\Z", re.I)
HIDING = re.compile(r"\s*<(!--|\?|!\[CDATA\[|![A-Za-z]|(?:script|pre|style|textarea)(?=[\s>]|$))", re.I)
ENDS = {"!--": "-->", "?": "?>", "![cdata[": "]]>"}
CLAIMS = {"v": int, "rid": int, "repo": str, "pr": int, "did": str, "path": str, "seq": int, "prev": str, "kind": str,
          "who": str, "vote": (str, type(None)), "subject": str, "block": str, "model": str, "persona": str, "job": str,
          "iat": int}
ALGORITHMS = "HS256 HS384 HS512 ES256 ES384 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA".split()
VOTES = ("READY", "CHANGES", "REJECT")
# What Unicode calls white space; Python strips a little more by itself.
WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
markdown = MarkdownIt("commonmark").disable("inline")


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def unbase64(text):
    """Base64url without padding, and with nothing in the bits that are left over."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise ValueError(text)
    return raw


def unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def read_claims(part):
    claims = json.loads(unbase64(part).decode(), object_pairs_hook=unique)
    if not isinstance(claims, dict) or set(claims) != set(CLAIMS):
        raise ValueError("members")
    for name, kind in CLAIMS.items():
        value = claims[name]
        if not isinstance(value, kind) or isinstance(value, bool) or (kind is int and not 0 <= value < 1 << 64):
            raise ValueError(name)
    if claims["v"] != 1 or claims["seq"] == 0 or claims["kind"] not in ("turn", "vote", "note"):
        raise ValueError("version, place or kind")
    if claims["vote"] not in VOTES + (None,):
        raise ValueError("vote")
    return claims


@functools.lru_cache(200_000)
def token(text, jwks):
    """(standing, claims): `signed`, `forged` (claims as pretended, or none) or `foreign`."""
    head, body, signature = text.split(".")
    keys = {key["kid"]: key for key in json.loads(jwks)["keys"]}
    try:
        header = json.loads(unbase64(head).decode(), object_pairs_hook=unique)
        key = keys.get(header["kid"])
        if header["alg"] not in ALGORITHMS or len(text) > 8192 or key is None:
            return "foreign", None
    except (ValueError, KeyError, TypeError):
        return "foreign", None
    try:
        claims = read_claims(body)
    except ValueError:
        return "forged", None
    try:
        if header["alg"] != "EdDSA":
            return "forged", claims
        public = Ed25519PublicKey.from_public_bytes(unbase64(key["x"]))
        public.verify(unbase64(signature), f"{head}.{body}".encode())
    except (InvalidSignature, ValueError):
        return "forged", claims
    revoked = key.get("revoked_at")
    return ("foreign" if revoked is not None and claims["iat"] >= revoked else "signed"), claims


def split(text):
    parts = text.removeprefix("\ufeff").split("\n")
    lines = [part.removesuffix("\r") for part in parts[:-1]]
    return lines + parts[-1:] if parts[-1] else lines


def read_header(lines):
    """Index of the first line behind the header, and its fields; nothing if this is no discussion."""
    first = next((at for at, line in enumerate(lines) if line.strip(" \t")), None)
    marker = HEADER.match(lines[first]) if first is not None else None
    if not marker or marker[1].strip(" \t").lower() != "discussion":
        return None
    end, fields = first + 1, {}
    for at in range(first + 1, len(lines)):
        if not lines[at].strip(" \t"):
            continue
        found = HEADER.match(lines[at])
        key, colon, value = found[1].partition(":") if found else ("", "", "")
        if not colon or not KEY.match(key.strip(" \t")) or RECEIPT.match(lines[at]):
            break
        fields.setdefault(key.strip(" \t").lower(), value.strip(" \t"))
        end = at + 1
    return end, fields


def hidden(lines, start):
    """Lines that a reader sees as code, comment, raw block or quote; nothing if one of them is never closed."""
    found = set()
    # A carriage return alone ends no line here.
    body = [line.replace("\r", "x") for line in lines[start:]]
    for one in markdown.parse("\n".join(body)):
        if one.type == "html_block":
            opener = HIDING.match(one.content)
            if not opener:
                continue
            word = opener[1].lower()
            end = ENDS.get(word) or (">" if word[0] == "!" else f"</{word}>")
            if end not in one.content.lower()[opener.end() - (2 if word == "!--" else 0):]:
                return None
            if one.level == 0 and one.map[1] - one.map[0] == 1 and RECEIPT.match(body[one.map[0]]):
                continue
        elif one.type == "fence":
            last = body[one.map[1] - 1].strip(" \t")
            closed = one.map[1] - one.map[0] > 1 and set(last) == {one.markup[0]} and len(last) >= len(one.markup)
            if not closed and one.level == 0:
                return None
        elif one.type not in ("code_block", "blockquote_open"):
            continue
        found.update(range(start + one.map[0], start + one.map[1]))
    return found


def read_blocks(lines, start, opaque):
    """Blocks by the line of their receipt: (line of the separator or name, text, shown vote, its lines)."""
    blocks, opened, separator, waiting, spaced = {}, None, None, True, True
    for at in range(start, len(lines)):
        line = lines[at]
        if not line.strip(" \t"):
            spaced = True
            continue
        was_waiting, waiting, was_spaced, spaced = waiting, False, spaced, False
        if at in opaque:
            continue
        if SEPARATOR.match(line):
            following = next((n for n in range(at + 1, len(lines)) if lines[n].strip(" \t")), None)
            named = following is not None and following not in opaque and NAME.match(lines[following])
            if was_spaced or (named and len(named[1]) <= 64):
                opened, separator = None, at
            waiting = True
        elif was_waiting and (name := NAME.match(line)) and len(name[1]) <= 64:
            opened, separator = (at if separator is None else separator, at), None
        elif RECEIPT.match(line):
            spaced = True
            if opened:
                above, first = opened
                last = max(n for n in range(first, at) if lines[n].strip(" \t"))
                said = [VOTE.match(lines[n]) for n in range(first, last + 1) if n not in opaque]
                said = {word[1].strip(" \t*_.").upper() for word in said if word}
                text = "\n".join(lines[first : last + 1]).rstrip(" \t")
                vote = said.pop() if len(said) == 1 else (None if not said else "?")
                blocks[at] = (above, text, vote, range(first, at + 1))
            opened = None
    return blocks


def subject(lines, start, end, fields, opaque):
    """The hash of the proposal: header fields and body, without blanks and separators at its end."""
    below = next((line for line in lines[end:] if line.strip(" \t\r")), "")
    name_follows = bool(NAME.match(below))
    while end > start:
        line = lines[end - 1]
        above = lines[end - 2].strip(" \t\r") if end - 2 >= start else ""
        if line.strip(" \t\r"):
            free = not above or above.startswith("<!-- receipt:") or name_follows
            if not (SEPARATOR.match(line.rstrip("\r")) and free and end - 1 not in opaque):
                break
            name_follows = False
        end -= 1
    body = "\n".join(line.rstrip(" \t\r") for line in lines[start:end]).rstrip("\n")
    digest = hashlib.sha256()
    for text in ("discussions/subject@1", *(fields.get(key, "") for key in ("title", "template", "participants")), body):
        digest.update(len(text.encode()).to_bytes(8, "big") + text.encode())
    return digest.hexdigest()


def ballot(now, lines, end, covered):
    """What people vote on: the subject, and all later lines that are in no signed block."""
    digest = hashlib.sha256(b"discussions/ballot@1" + bytes.fromhex(now))
    later = [lines[at].rstrip(WHITE) for at in range(end, len(lines)) if at not in covered]
    later = [line.encode() for line in later if line and line.strip(WHITE) != "---"]
    for line in later:
        digest.update(len(line).to_bytes(8, "big") + line)
    return digest.hexdigest() if later else now


def elsewhere_of(repo, pr, paths):
    def is_elsewhere(claims):
        here = claims["rid"] == repo if isinstance(repo, int) else claims["repo"].lower() == repo.lower()
        return not here or claims["pr"] != pr or (paths and claims["path"] not in paths)

    return is_elsewhere


def verify(raw, repo, pr, jwks, anchor=None, paths=()):
    nothing = {"accepted": [], "receipts": [], "missing": 0}
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return nothing
    lines = split(text)
    header = read_header(lines)
    if header is None or "\0" in text:
        return nothing
    start, fields = header
    found = [(at, match[1]) for at, line in enumerate(lines) if (match := RECEIPT.match(line))]
    checked = {text: token(text, jwks) for _, text in found}
    ours = {text: claims for text, (standing, claims) in checked.items()
            if standing == "signed" and not elsewhere_of(repo, pr, paths)(claims)}
    number, link = anchor.split(":") if anchor else (0, None)
    chains = [text for _, text in found if text in ours]
    chain = next((ours[text]["did"] for text in chains if sha(text) == link), ours[chains[-1]]["did"] if chains else None)
    place = (int(number), link, chain, elsewhere_of(repo, pr, paths))
    results, votes, end, missing = walk(found, checked, ours, place, None)
    accepted = []
    # What readers see has to be known only where the receipts hang together.
    if "bad" not in results and not missing:
        opaque = hidden(lines, start)
        blocks = read_blocks(lines, start, opaque or set())
        results, votes, end, missing = walk(found, checked, ours, place, blocks)
        if "bad" not in results and opaque is not None and votes:
            end = min(end, len(lines))
            now = subject(lines, start, end, fields, opaque)
            signed = [blocks[at] for (at, _), result in zip(found, results) if result == "valid"]
            covered = {line for block in signed for line in block[3]}
            texts = {"turn": now, "vote": ballot(now, lines, end, covered)}
            for who, given in votes.items():
                given = [claims for claims in given if claims["subject"] == texts[claims["kind"]]]
                accepted += [[who, claims["vote"]] for claims in given[-1:]]
    receipts = [{"line": at + 1, "result": result} for (at, _), result in zip(found, results)]
    return {"accepted": sorted(accepted), "receipts": receipts, "missing": missing}


def walk(found, checked, ours, place, blocks):
    """Along the chain: what each receipt comes to, votes by participant, where the proposal ends, how many are missing."""
    number, link, chain, is_elsewhere = place
    expected, before, results, votes, end = 1, "", [], {}, sys.maxsize
    for at, text in found:
        standing, claims = checked[text]
        if text not in ours:
            foreign = standing != "forged" or (claims is not None and is_elsewhere(claims))
            results.append("foreign" if foreign else "bad")
        elif claims["did"] != chain:
            results.append("foreign")
        else:
            good = claims["seq"] == expected and claims["prev"] == before
            good = good and (claims["seq"] != number or sha(text) == link)
            if claims["seq"] >= expected:
                expected, before = claims["seq"] + 1, sha(text)
            if blocks is not None:
                above, said, shown, _ = blocks.get(at, (None, "", None, ()))
                good = good and above is not None and sha(said) == claims["block"] and shown == claims["vote"]
            results.append("valid" if good else "bad")
            if good and claims["vote"] and claims["kind"] != "note":
                votes.setdefault(claims["who"], []).append(claims)
        if results[-1] != "foreign" and at in (blocks or {}):
            end = min(end, blocks[at][0])
    return results, votes, end, max(0, number - expected + 1)


def main():
    if sys.argv[1:] == ["--batch"]:
        for line in sys.stdin:
            case = json.loads(line)
            raw = base64.b64decode(case["file"])
            print(json.dumps(verify(raw, case["repo"], case["pr"], case["jwks"], case["anchor"], case["paths"])), flush=True)
        return
    path, repo, pr, jwks, *anchor = sys.argv[1:]
    with open(path, "rb") as file, open(jwks, encoding="utf-8") as keys:
        repo = int(repo) if repo.isdigit() else repo
        print(json.dumps(verify(file.read(), repo, int(pr), keys.read(), *anchor)))


if __name__ == "__main__":
    main()
