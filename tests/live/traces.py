# SPDX-License-Identifier: Apache-2.0
"""Where words may leave traces besides files: memory, arguments and environment of a process; and a node's keys, to look for them there."""

import hashlib
import mmap
import pathlib
import re
import sqlite3
import struct

PAGE = mmap.PAGESIZE
BIG = 4 << 20  # of a larger mapping only the pages that are there are read
SHADOW = (0x7FFF7000, 0x10007FFF8000)  # AddressSanitizer's notes about memory, on x86_64: no data


def memory(pid):
    """What is in the readable memory of the process, as (name of the mapping, bytes); as root, since the process hides from all others."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem, open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pages:
        for line in maps:
            span, rights, _, _, _, *name = line.split(maxsplit=5)
            name = name[0].strip() if name else ""
            begin, end = (int(at, 16) for at in span.split("-"))
            if rights[0] != "r" or name.startswith("[v") or SHADOW[0] <= begin < SHADOW[1]:
                continue
            for first, last in [(begin, end)] if end - begin <= BIG else present(pages, begin, end):
                try:
                    mem.seek(first)
                    yield name, b"".join(iter(lambda: mem.read(min(1 << 24, last - mem.tell())), b""))
                except OSError:
                    continue


def present(pages, begin, end):
    """Runs of pages of a mapping that are in memory or in swap."""
    run = None
    for at in range(begin, end, BIG):
        pages.seek(at // PAGE * 8)
        entries = struct.unpack(f"={min(BIG, end - at) // PAGE}Q", pages.read(min(BIG, end - at) // PAGE * 8))
        for i, entry in enumerate(entries):
            here = at + i * PAGE
            if entry >> 62:
                run = (run[0] if run else here, here + PAGE)
            elif run:
                yield run
                run = None
    if run:
        yield run


def found_in(pieces, patterns):
    """{name: [where, ...]} of the patterns {name: [bytes, ...]} that occur in (where, bytes) pieces."""
    hits = {}
    for where, data in pieces:
        for name, disguised in patterns.items():
            if any(pattern in data for pattern in disguised):
                hits.setdefault(name, []).append(where)
    return hits


def start(pid):
    """What everybody who may look at the process sees of its start."""
    return [(f"{name} of {pid}", pathlib.Path(f"/proc/{pid}/{name}").read_bytes()) for name in ("cmdline", "environ")]


def open_files(pid):
    """What its descriptors refer to, deleted and nameless files included."""
    return [(f"{link} of {pid}: {link.readlink()}", link) for link in pathlib.Path(f"/proc/{pid}/fd").iterdir()]


class Keys:
    """The secrets in a node's database, opened with its key file and the keys beside it: what node/store/datakey.c, keyring.c and column.c seal."""

    def __init__(self, database, key_file):
        from Crypto.Cipher import ChaCha20_Poly1305  # of the virtual environment nio

        self._cipher = ChaCha20_Poly1305
        self._db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self.kek = pathlib.Path(key_file).read_bytes()
        slots = pathlib.Path(database).parent / "keys.db"
        self._slots = slots.read_bytes() if slots.exists() else b""  # With none, only what is sealed by the store's own key opens.
        self.use(self.unwrapped(self.kek))

    def close(self):
        self._db.close()

    def unwrapped(self, key):
        """The data key, opened with this one as the key-encryption key; ValueError if it is not that."""
        return self._open(key, self._one("SELECT value FROM meta WHERE key = 'db.key'"), b"cairn data key 1\0")

    def use(self, data_key):
        """From now on all is tried with what is derived from this one."""
        self.data_key = data_key
        self.seal, self.index, self._wrap = (self._derive(number) for number in (1, 2, 3))

    def _one(self, query):
        return self._db.execute(query).fetchone()[0]

    def _open(self, key, blob, associated):
        cipher = self._cipher.new(key=key, nonce=blob[1:25])
        cipher.update(associated)
        return cipher.decrypt_and_verify(blob[25:-16], blob[-16:])

    def _derive(self, number):
        return hashlib.blake2b(digest_size=32, key=self.data_key, salt=number.to_bytes(8, "little").ljust(16, b"\0"), person=b"cairncol".ljust(16, b"\0")).digest()

    def _subject_key(self, slot):
        kept = self._slots[128 * slot : 128 * (slot + 1)]
        associated = b"cairn subject key 1".ljust(23, b"\0") + kept[1:2] + slot.to_bytes(8, "big")
        return self._open(self._wrap, b"\0" + kept[16:88], associated)

    def column(self, blob, column, row):
        """A value sealed by the store's own key (its format is 1) or by the key of whom it is about (2, and the slot of that key)."""
        head = 1 if blob[0] == 1 else 9
        key = self.seal if blob[0] == 1 else self._subject_key(int.from_bytes(blob[1:head], "big"))
        return self._open(key, blob[head - 1 :], column.encode() + b"\0" + row.encode() + b"\0" + blob[:head])

    def values(self):
        """(its column, the value) of each sealed value that opens, be its row named by whichever of its columns, by two, or not at all; then how many do not."""
        closed = 0
        for (table,) in self._db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'").fetchall():
            rows = self._db.execute(f'SELECT * FROM "{table}"')
            columns = [column for column, *_ in rows.description]
            for row in rows:
                names = ["1", *map(str, row), "/".join(map(str, row[1:3]))]
                for column, value in zip(columns, row):
                    if isinstance(value, bytes) and value[:1] in (b"\1", b"\2") and len(value) > 40:
                        opened = self._try(value, f"{table}.{column}", names)
                        if opened is None:
                            closed += 1
                        else:
                            yield f"{table}.{column}", opened
        yield None, closed

    def _try(self, value, column, names):
        for name in names:
            try:
                return self.column(value, column, name)
            except ValueError:
                continue
        return None

    def meta(self):
        """{key: value} of what meta holds sealed."""
        rows = self._db.execute("SELECT key, value FROM meta WHERE secret = 1").fetchall()
        return {key: self.column(value, "meta.value", key) for key, value in rows}

    def tokens(self):
        rows = self._db.execute("SELECT name, token FROM account WHERE token IS NOT NULL").fetchall()
        return {name: self.column(value, "account.token", name).decode() for name, value in rows}

    def pickle_key(self):
        return self.column(self._one("SELECT pickle_key FROM crypt_account"), "crypt_account.pickle_key", "1")


def recovery_secrets(file):
    """The long words of a recovery file: private keys in whatever base they are written."""
    return re.findall(r"[A-Za-z0-9+/=_-]{32,}", pathlib.Path(file).read_text(encoding="ascii"))
