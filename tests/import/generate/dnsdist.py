"""tests/import/generate/dnsdist.py - a dnsdist.conf, which is a program."""
from generate import names


class Maker:
    def __init__(self, random, folder):
        self.random, self.folder = random, folder
        self.zones = names.zones(random, random.randint(8, 14))
        self.clients = ["10.250.0.1"]
        self.pools = [f"p{number}" for number in range(random.randint(2, 5))]

    def name(self, zone):
        return f'"{names.mixed_case(self.random, zone)}{self.random.choice(["", "", "."])}"'

    def backends(self):
        lines = []
        for pool in ["", *self.pools]:
            for address in names.servers(self.random):
                address = f"[{address}]:53" if ":" in address else self.random.choice([address, f"{address}:53"])
                where = self.random.choice([f'pool="{pool}"', f'pool={{"{pool}"}}']) if pool else self.random.choice(["", 'pool=""'])
                lines.append(f'newServer{{address="{address}", {where + ", " if where else ""}healthCheckMode="up"}}')
        return lines

    def action(self):
        return self.random.choices([f'PoolAction("{self.random.choice(self.pools)}")', "RCodeAction(DNSRCode.NXDOMAIN)", "RCodeAction(DNSRCode.REFUSED)",
                                    'SpoofAction("10.96.0.1")', 'SpoofAction({"10.96.0.1", "2001:db8::96"})', "AllowAction()"],
                                   (14, 1, 1, 1, 1, 1))[0]

    def rules(self):
        left = list(self.zones)
        lines = []
        while left:
            some = [left.pop() for _ in range(min(len(left), self.random.choice([1, 1, 2, 3])))]
            listed = ", ".join(self.name(zone) for zone in some)
            form = self.random.randrange(7)
            if form == 0:
                lines.append(f"for _, zone in ipairs({{{listed}}}) do addAction(zone, {self.action()}) end")
            elif form == 1:
                lines.append(f"local set{len(left)} = newSuffixMatchNode()\nset{len(left)}:add({{{listed}}})\n"
                             f"addAction(SuffixMatchNodeRule(set{len(left)}), {self.action()})")
            elif form == 2:
                lines.append(f"addAction({self.name(some[0])}, {self.action()})")
            elif form == 3:
                lines.append(f"addAction({{{listed}}}, {self.action()})")
            elif form == 4:
                lines.append(f"addAction(QNameRule({self.name('host.' + some[0])}), {self.action()})")
            elif form == 5 and self.random.random() < 0.3:
                self.clients = list(names.CLIENTS)
                network = self.random.choice(["10.1.0.0/16", "192.168.0.0/16"])
                lines.append(f'addAction(AndRule({{makeRule({{{listed}}}), makeRule("{network}")}}), {self.action()})')
            else:
                lines.append(f"addAction(OrRule({{makeRule({{{listed}}}), QNameRule({self.name('deep.' + some[0])})}}), {self.action()})")
        if self.random.random() < 0.15:
            lines.append(f"addAction(AllRule(), {self.action()})")
        return lines

    def make(self):
        lines = ['setLocal("0.0.0.0:53")', 'addLocal("[::]:53")', 'setSecurityPollSuffix("")']
        lines += self.random.choice([['setACL({"0.0.0.0/0", "::/0"})'], ['addACL("198.19.0.0/16")'], []])
        if self.random.random() < 0.5:
            lines.append("setServerPolicy(roundrobin)")
        lines += self.backends()
        lines += self.rules()
        return "\n".join(line + self.random.choice(["", " -- a comment"]) for line in lines) + "\n"


def make(random, folder):
    maker = Maker(random, folder)
    (folder / "dnsdist.conf").write_text(maker.make())
    return folder / "dnsdist.conf", names.questions(random, maker.zones, maker.clients, more=["deep." + zone for zone in maker.zones])
