"""tests/import/generate/bind.py - a named.conf."""
from generate import names

COMMENTS = ("", "", " // one line", " # another", " /* in\n   two */")
INSIDE = ("", "", "", " /* inside */")


class Maker:
    def __init__(self, random, folder):
        self.random, self.folder = random, folder
        self.zones = names.zones(random, random.randint(6, 11))
        self.clients = ["10.250.0.1"]
        self.acls = []
        self.included = []

    def comment(self):
        return self.random.choice(COMMENTS)

    def name(self, zone):
        return f'"{names.mixed_case(self.random, zone)}{self.random.choice(["", "", "."])}"'

    def forwarders(self):
        items = []
        for address in names.servers(self.random):
            items.append(address + (" port 5353" if self.random.random() < 0.03 else " port 53" if self.random.random() < 0.1 else ""))
        port = " port 53" if self.random.random() < 0.1 else ""
        return f"forwarders{port} {{ {'; '.join(items)}; }};{self.random.choice(INSIDE)}"

    def zone(self, zone):
        chance = self.random.random()
        if chance < 0.04:
            return f"zone {self.name(zone)} {{ type forward; forwarders {{ }}; }};"
        if chance < 0.14 and "_" not in zone:  # BIND's check of host names
            file = f"db.{zone}"
            (self.folder / file).write_text("$TTL 60\n@ IN SOA ns admin 1 3600 600 86400 60\n@ IN NS ns\nns IN A 10.99.0.1\nhost IN A 10.99.0.2\n"
                                            f"six IN AAAA 2001:db8::99\n1 IN PTR host.{zone}.\n")
            return f'zone {self.name(zone)} IN {{ type {self.random.choice(["master", "primary"])}; file "{file}"; forwarders {{ }}; }};'
        only = "forward only; " if self.random.random() < 0.7 else self.random.choice(["", "forward first; "])
        in_class = self.random.choice(["", " IN", " in"])
        return f"zone {self.name(zone)}{in_class} {{{self.random.choice(INSIDE)} type forward; {only}{self.forwarders()} }};{self.comment()}"

    def options(self):
        lines = [f'directory "{self.folder}";', "dnssec-validation no;", "listen-on { any; };", "listen-on-v6 { any; };"]
        if self.random.random() < 0.85:
            lines.append(self.forwarders())
            lines += self.random.choice([["forward only;"], ["forward only;"], ["forward first;"], []])
        lines += self.random.choice([[], [], ["empty-zones-enable no;"], ['disable-empty-zone "10.IN-ADDR.ARPA";']])
        self.random.shuffle(lines)
        return lines + self.lists()

    def lists(self):
        if self.random.random() < 0.6:
            return ["allow-query { any; };", "allow-recursion { any; };"]
        self.clients = list(names.CLIENTS)
        self.acls.append("acl office { 10.0.0.0/8; !172.16.5.0/24; 172.16/12; { 192.168.7.0/24; }; };")
        return [f"allow-recursion {{ {self.random.choice(['!10.1.0.0/16; office', 'office; fd00::/8', '!192.168.0.0/16; any'])}; }};"]

    def views(self):
        """Zones for some clients. The last view is for all."""
        self.clients = list(names.CLIENTS)
        matches = self.random.sample(["10.1.0.0/16; fd00:7::/32;", "!172.16.5.5; 172.16.0.0/12; 192.168.0.0/16;", "10.0.0.0/8;"], 2) + ["any;"]
        text = ""
        for number, match in enumerate(matches):
            zones = [zone for zone in self.zones if self.random.random() < 0.6]
            body = "\n".join("  " + self.zone(zone) for zone in zones)
            text += f'view "v{number}" {{\n  match-clients {{ {match} }};{self.comment()}\n{body}\n}};\n'
        return text

    def make(self):
        options = "\n".join("  " + line + self.comment() for line in self.options())
        if self.random.random() < 0.25:
            rest = self.views()
        else:
            zones = [self.zone(zone) for zone in self.zones]
            if self.random.random() < 0.3:
                (self.folder / "zones.conf").write_text("\n".join(zones[:4]) + "\n")
                zones[:4] = [f'include "{self.folder}/zones.conf";' if self.random.random() < 0.5 else 'include "zones.conf";']
            rest = "\n".join(zones)
        return "\n".join(self.acls) + f"\noptions {{\n{options}\n}};\n{rest}\n"


def make(random, folder):
    maker = Maker(random, folder)
    text = maker.make()
    (folder / "named.conf").write_text(text)
    return folder / "named.conf", names.questions(random, maker.zones, maker.clients)
