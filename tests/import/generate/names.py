"""tests/import/generate/names.py - names and servers that configurations are made of, and the names that are asked then."""
from network import A, AAAA, PTR, TXT, Question

TOPS = ("example", "corp", "intern.example", "sagemaker.aws", "studio.us-east-1.sagemaker.aws", "amazonaws.com", "lan", "de", "firma.de",
        "10.in-addr.arpa", "168.192.in-addr.arpa", "16.172.in-addr.arpa")
LABELS = ("eu", "us", "dev", "db", "a", "b", "studio", "x1", "_tcp", "long-label-with-hyphens", "d-sq9djt5lr5pc", "7", "www")
CLIENTS = ("10.250.0.1", "10.1.2.3", "172.16.5.5", "192.168.7.7", "fd00:7::7")


def is_reverse(zone):
    return zone.endswith(".arpa")


def zones(random, count, reverse=True):
    """Names, many of them below others."""
    found = []
    while len(found) < count:
        base = random.choice(found) if found and random.random() < 0.6 else random.choice(TOPS)
        if is_reverse(base) and not reverse:
            continue
        label = str(random.randrange(256)) if is_reverse(base) else random.choice(LABELS)
        zone = base if random.random() < 0.2 else f"{label}.{base}"
        if zone not in found and len(zone) < 200:
            found.append(zone)
    random.shuffle(found)
    return found


def servers(random, most=3):
    """Addresses, now and then the same as elsewhere, or of IPv6."""
    made = []
    for _ in range(random.randint(1, most)):
        address = f"10.{random.randrange(8)}.0.{random.randint(1, 9)}" if random.random() < 0.9 else f"2001:db8::{random.randint(1, 9)}"
        if address not in made:
            made.append(address)
    return made


def mixed_case(random, name):
    return "".join(letter.upper() if random.random() < 0.5 else letter for letter in name) if random.random() < 0.2 else name


def questions(random, zones_written, clients=("10.250.0.1",), more=()):
    """Of each name: itself, below, far below, above, a look-alike, one that fails at its servers; of other names some."""
    names = {}
    for zone in zones_written:
        kind = PTR if is_reverse(zone) else A
        below = () if zone.count(".") > 4 and is_reverse(zone) else ("1", "2.3", "failing") if is_reverse(zone) else ("host", "far.down.below", "failing-1")
        names.update({f"{label}.{zone}": kind for label in below})
        names[zone] = kind
        names[f"six.{zone}"] = AAAA
        names[f"text.{zone}"] = TXT
        names[f"x{zone}"] = kind
        if "." in zone:
            names[zone.partition(".")[2]] = kind
    names.update({name: A for name in ("www.elsewhere.com", "failing.elsewhere.com", "one-label", "other.example", "com", *more)})
    names.update({name: PTR for name in ("4.3.2.10.in-addr.arpa", "9.9.20.172.in-addr.arpa", "1.1.168.192.in-addr.arpa", "8.8.8.8.in-addr.arpa",
                                         "1.64.100.in-addr.arpa")})
    listed = [Question(mixed_case(random, name), kind) for name, kind in sorted(names.items())]
    # Below the same names from elsewhere, where clients differ: no name is asked for twice, or nobody knows for whom a server was asked.
    listed += [Question(f"from-{number}.{name}", kind, client) for name, kind in sorted(names.items())
               for number, client in enumerate(clients) if number > 0 and random.random() < 0.25]
    random.shuffle(listed)
    return listed
