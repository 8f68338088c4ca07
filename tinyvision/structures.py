"""Nested lists, tuples and dictionaries, as models and layers take and return them."""


def unique(items) -> list:
    """Each object once, in the order of its first appearance."""
    return list({id(item): item for item in items}.values())


def leaves(structure):
    """What lies in nested lists, tuples and dictionaries, one after the other."""
    if isinstance(structure, (list, tuple, dict)):
        for part in structure.values() if isinstance(structure, dict) else structure:
            yield from leaves(part)
    else:
        yield structure


def map_structure(function, structure):
    """The same nesting of lists, tuples and dictionaries, with the function applied to what lies in it."""
    if isinstance(structure, dict):
        return {name: map_structure(function, part) for name, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_structure(function, part) for part in structure)
    return function(structure)
