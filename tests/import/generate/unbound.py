"""tests/import/generate/unbound.py - an unbound.conf."""
from generate import names

LOCAL_TYPES = ("static", "redirect", "refuse", "always_nxdomain", "always_nodata", "always_null", "transparent", "typetransparent",
               "inform", "deny")


class Maker:
    def __init__(self, random, folder):
        self.random, self.folder = random, folder
        self.zones = names.zones(random, random.randint(6, 11))
        self.clients = ["10.250.0.1"]

    def quoted(self, text):
        return self.random.choice([text, f'"{text}"', f"'{text}'"])

    def name(self, zone):
        return self.quoted(names.mixed_case(self.random, zone) + self.random.choice(["", "", "."]))

    def forward(self, zone):
        kind = "stub" if self.random.random() < 0.12 else "forward"
        lines = ['name: "."' if zone == "." else f"name: {self.name(zone)}"]
        for address in names.servers(self.random):
            port = self.random.choice(["", "", "", "", "", "", "", "@53"]) if self.random.random() < 0.97 else "@5353"
            lines.append(f"{kind}-addr: {address}{port}")
        if self.random.random() < 0.15:
            lines.append(f"{kind}-first: {self.random.choice(['yes', 'no'])}")
        return f"{kind}-zone:\n" + "\n".join("  " + line + self.random.choice(["", "  # a comment"]) for line in lines)

    def access(self):
        if self.random.random() < 0.6:
            return ["access-control: 0.0.0.0/0 allow", "access-control: ::0/0 allow"]
        self.clients = list(names.CLIENTS)
        return ["access-control: 10.0.0.0/8 allow", "access-control: 10.1.0.0/16 refuse", "access-control: 192.168.0.0/16 allow_snoop",
                "access-control: 172.16.0.0/12 refuse_non_local" if self.random.random() < 0.3 else "access-control: 172.16.0.0/12 refuse",
                f"access-control: fd00::/8 {self.random.choice(['allow', 'refuse'])}"]

    def local(self):
        lines = []
        for zone in self.random.sample(self.zones, 2) + names.zones(self.random, 2):
            kind = self.random.choices(LOCAL_TYPES, (6, 4, 3, 3, 2, 2, 4, 1, 1, 1))[0]
            lines.append(f'local-zone: {self.name(zone)} {kind}')
            if kind in ("static", "redirect", "transparent", "typetransparent") and not names.is_reverse(zone):
                lines.append(f'local-data: "{zone} A 10.98.0.1"')
            if kind == "static" and not names.is_reverse(zone):
                lines.append(f"local-data: 'host.{zone}. 300 IN A 10.98.0.2'")
        if self.random.random() < 0.5:
            lines.append(f'local-data: "alone.{self.random.choice(self.zones)}. IN A 10.98.0.3"')
        lines += self.random.choice([[], ['local-zone: "10.in-addr.arpa." nodefault'], ['local-zone: "16.172.in-addr.arpa." nodefault'],
                                     ["unblock-lan-zones: yes"], ['local-data-ptr: "10.3.2.4 name.example"']])
        return lines

    def make(self):
        lines = ["interface: 0.0.0.0", "interface: ::0", 'module-config: "iterator"', 'chroot: ""', 'username: ""', 'pidfile: ""', "use-syslog: no",
                 f'directory: "{self.folder}"'] + self.access() + (self.local() if self.random.random() < 0.6 else [])
        clauses = [self.forward(zone) for zone in self.zones]
        if self.random.random() < 0.85:
            clauses.append(self.forward("."))
        self.random.shuffle(clauses)
        if self.random.random() < 0.3:
            (self.folder / "more.conf").write_text("\n".join(clauses[:3]) + "\n")
            clauses[:3] = [f'include: "{self.folder}/mo*.conf"']
        at = self.random.randint(0, len(clauses))
        clauses.insert(at, "server:\n" + "\n".join("    " + line for line in lines))
        return "\n".join(clauses) + "\n"


def make(random, folder):
    maker = Maker(random, folder)
    (folder / "unbound.conf").write_text(maker.make())
    return folder / "unbound.conf", names.questions(random, maker.zones, maker.clients)
