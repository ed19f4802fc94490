"""The flame graph: one well-formed SVG whose widths are the costs."""

import xml.etree.ElementTree as ElementTree

from kws.figures.flame import flame_graph

SVG = "{http://www.w3.org/2000/svg}"
STACKS = {("outer", "outer+0x0"): 250, ("outer", "in<ner>", "in<ner>+0x8"): 750, ("other", "other+0x0"): 1}


def frames(text: str) -> dict[str, tuple[float, float, int]]:
    """What each frame tells -> x, width and y of its rectangle."""
    root = ElementTree.fromstring(text)
    found = {}
    for group in root.iter(f"{SVG}g"):
        place = group.find(f"{SVG}rect")
        found[group.find(f"{SVG}title").text] = (float(place.get("x")), float(place.get("width")), int(place.get("y")))
    return found


def test_widths_are_costs_and_callees_stand_on_their_callers():
    found = frames(flame_graph(STACKS, "inference of a & b", "cycles"))
    whole = found["all: 1,001 cycles, 100.00%"]
    outer = found["outer: 1,000 cycles, 99.90%"]
    inner = found["in<ner>: 750 cycles, 74.93%"]
    own = found["outer+0x0: 250 cycles, 24.98%"]
    assert whole[1] == 1180 and abs(outer[1] - 1180 * 1000 / 1001) < 0.01
    assert abs(inner[1] + own[1] - outer[1]) < 0.02  # side by side, and together as wide
    assert outer[0] <= min(inner[0], own[0]) and {inner[0], own[0]} >= {outer[0]}
    assert whole[2] - 17 == outer[2] == inner[2] + 17 == own[2] + 17


def test_it_needs_nothing_else_and_is_the_same_each_time():
    text = flame_graph(STACKS, "inference of a & b", "cycles")
    assert text == flame_graph(STACKS, "inference of a & b", "cycles")
    assert "inference of a &amp; b" in text and "href" not in text and "<script" not in text and "url(" not in text


def test_a_frame_too_narrow_to_see_is_left_out():
    found = frames(flame_graph({("a",): 1, ("b",): 10**6}, "t", "cycles"))
    assert set(found) == {"all: 1,000,001 cycles, 100.00%", "b: 1,000,000 cycles, 100.00%"}


def test_a_deep_stack_is_as_high_as_it_is_deep():
    shallow, deep = (ElementTree.fromstring(flame_graph({("f",) * n: 1}, "t", "cycles")) for n in (1, 30))
    assert int(deep.get("height")) - int(shallow.get("height")) == 29 * 17
