"""tests/import/generate/dnsmasq.py - a dnsmasq.conf."""
from generate import names


class Maker:
    def __init__(self, random, folder):
        self.random, self.folder = random, folder
        self.zones = names.zones(random, random.randint(6, 12))

        self.before = {zone: random.choices(["", ".", "*."], (16, 2, 1))[0] for zone in self.zones}

    def domain(self, zone):
        return self.before[zone] + names.mixed_case(self.random, zone)

    def server(self, zone):
        lines = []
        domains = "/".join([self.domain(zone)] + ([self.domain(self.random.choice(self.zones))] if self.random.random() < 0.15 else []))
        for address in names.servers(self.random, 2):
            port = "#5353" if self.random.random() < 0.03 else self.random.choice(["", "", "", "#53"])
            lines.append(f"server=/{domains}/{address}{port}")
        return lines

    def line(self, zone):
        chance = self.random.random()
        if chance < 0.6:
            return self.server(zone)
        if chance < 0.7:
            return [f"server=/{self.domain(zone)}/#"]
        if chance < 0.8:
            return [f"{self.random.choice(['local', 'server', 'address'])}=/{self.domain(zone)}/"]
        if names.is_reverse(zone):
            return [f"rev-server={self.random.choice(['10.0.0.0/8', '192.168.4.0/24', '172.16.0.0/16'])},10.5.0.1"]
        return self.random.choice([[f"address=/{self.domain(zone)}/10.97.0.1"], [f"address=/{self.domain(zone)}/2001:db8::97"],
                                   [f"address=/{self.domain(zone)}/10.97.0.1", f"address=/{self.domain(zone)}/2001:db8::97"],
                                   [f"address=/{self.domain(zone)}/#"], [f"host-record=host.{zone},10.97.0.3"],
                                   [f"cname=alias.{zone},host.{zone}", f"host-record=host.{zone},10.97.0.3"],
                                   [f"txt-record=text.{zone},word"]])

    def make(self):
        lines = ["no-resolv", "no-hosts"]
        lines += [f"server={address}" for address in names.servers(self.random)] if self.random.random() < 0.9 else []
        for zone in self.zones:
            lines += self.line(zone)
        lines += self.random.choice([[], [], ["bogus-priv"], ["domain-needed"], ["strict-order"], ["all-servers"]])
        self.random.shuffle(lines)
        if self.random.random() < 0.3:
            (self.folder / "servers").write_text("".join(f"{line}\n" for line in lines if line.startswith("server=/")))
            lines = [line for line in lines if not line.startswith("server=/")] + [f"servers-file={self.folder}/servers"]
        return "".join(line + self.random.choice(["", "", " # a comment"]) + "\n" for line in lines)


def make(random, folder):
    maker = Maker(random, folder)
    (folder / "dnsmasq.conf").write_text(maker.make())
    return folder / "dnsmasq.conf", names.questions(random, maker.zones, more=["alias." + zone for zone in maker.zones[:3]])
