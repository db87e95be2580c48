"""What names are made of."""

from __future__ import annotations

__all__ = ["CITIES", "COUNTRIES", "FIRST_NAMES", "LAST_NAMES", "WORDS"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _words("""
    Ada Aisha Alan Amara Anna Antonio Barnabas Bea Carlos Chen Clara Daniel Diego Elena Emma Farah Felix Fatima
    Grace Hana Hugo Ines Ivan Jamal Jana Joao Jonas Kamala Karim Kofi Lara Leo Lina Luca Maria Marta Mateo Mei
    Mila Minh Nadia Noah Nora Olga Omar Oscar Paula Priya Rafael Rosa Samuel Sara Sofia Sven Tariq Tomas Uma
    Vera Viktor Yuki Zara
""")
LAST_NAMES = _words("""
    Abebe Andersen Bauer Becker Bianchi Brown Castro Costa Diaz Dubois Evans Fischer Garcia Gupta Haddad Hansen
    Hoffmann Ibrahim Ivanova Jansen Johnson Kaya Khan Kim Kowalski Kumar Larsen Lee Lopez Martin Mensah Meyer
    Moreau Mueller Nguyen Novak Okafor Patel Pereira Petrov Popescu Rossi Sato Schmidt Silva Singh Smith Suzuki
    Tanaka Toure Virtanen Wang Weber Wilson Yilmaz Zhang
""")
CITIES = (
    "Accra", "Amsterdam", "Ankara", "Athens", "Bangkok", "Barcelona", "Berlin", "Bogotá", "Boston", "Brussels",
    "Cairo", "Cape Town", "Chennai", "Chicago", "Copenhagen", "Dakar", "Dublin", "Hamburg", "Hanoi", "Helsinki",
    "Istanbul", "Jakarta", "Kigali", "Kraków", "Lagos", "Lima", "Lisbon", "London", "Lyon", "Madrid", "Manila",
    "Melbourne", "Mexico City", "Milan", "Montreal", "Mumbai", "Nairobi", "New York", "Osaka", "Oslo", "Paris",
    "Porto", "Prague", "Quito", "Riga", "Rome", "Santiago", "São Paulo", "Seoul", "Singapore", "Sofia", "Stockholm",
    "Sydney", "Taipei", "Tallinn", "Tokyo", "Toronto", "Tunis", "Vienna", "Vilnius", "Warsaw", "Zürich",
)  # fmt: skip
COUNTRIES = _words("""
    AR AT AU BE BR CA CH CL CN CO CZ DE DK EG ES FI FR GB GH GR ID IE IN IT JP KE KR MX MY NG NL NO NZ PE PH PL
    PT RO SE SG SN TH TN TR TW US VN ZA
""")
WORDS = _words("""
    amber anchor apple autumn basket birch bottle bridge button candle canvas carbon castle cedar cloud copper
    coral cotton desert dragon engine falcon feather forest galaxy garden glacier granite harbor hazel helium
    indigo island ivory jacket jasmine jungle kettle lantern lemon linen lotus magnet maple marble meadow mirror
    nickel ocean olive orange orchid paper pepper pillow planet pocket prism quartz rabbit river rocket saddle
    saffron silver spruce summit sunset teapot thunder timber tunnel valley velvet violet walnut willow window
    winter zephyr
""")
