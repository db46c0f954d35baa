"""Pairwise selection: few rows in which every allowed pair of values of any two axes occurs at least once."""

import itertools


class Cover:
    """The pairs that still have to occur. Axes: {name: [values]}; conflict(axis, value, other_axis, other_value); of the
    axes in `unrelated`, a set of pairs of axes, only the single values count."""

    def __init__(self, axes, conflict, unrelated=frozenset()):
        self.axes = axes
        self.conflict = conflict
        self.missing = {}
        for (one, ones), (other, others) in itertools.combinations(axes.items(), 2):
            if frozenset({one, other}) in unrelated:
                continue
            for a, b in itertools.product(ones, others):
                if self.can_be_completed({one: a, other: b}):
                    self.missing[((one, a), (other, b))] = True

    def can_be_completed(self, row):
        """Whether its values get along, and every other axis has one for them."""
        return all(
            any(self.fits(row, axis, value) for value in ([row[axis]] if axis in row else values))
            for axis, values in self.axes.items()
        )

    def is_missing(self, one, other):
        return (one, other) in self.missing or (other, one) in self.missing

    def fits(self, row, axis, value):
        return not any(self.conflict(axis, value, other, row[other]) for other in row if other != axis)

    def gain(self, row, axis, value):
        return sum(self.is_missing((axis, value), item) for item in row.items())

    def build_row(self):
        """Starts from the first missing pair; each further axis takes the value that brings the most missing pairs."""
        row = dict(next(iter(self.missing)))
        while len(row) < len(self.axes):
            choices = [
                (self.gain(row, axis, value), -index, axis, value)
                for index, axis in enumerate(self.axes)
                if axis not in row
                for value in self.axes[axis]
                if self.fits(row, axis, value)
            ]
            _, _, axis, value = max(choices, key=lambda choice: choice[:2])
            row[axis] = value
        return {axis: row[axis] for axis in self.axes}

    def take(self, row):
        for one, other in itertools.combinations(row.items(), 2):
            self.missing.pop((one, other), None)
            self.missing.pop((other, one), None)


def select(axes, conflict, first=(), unrelated=frozenset()):
    """Yields the rows of `first`, then those that complete them. The same input gives the same rows."""
    cover = Cover(axes, conflict, unrelated)
    for row in first:
        cover.take(row)
        yield row
    while cover.missing:
        row = cover.build_row()
        cover.take(row)
        yield row


def product(axes, conflict):
    """Yields every allowed row."""
    for values in itertools.product(*axes.values()):
        row = dict(zip(axes, values))
        if not any(conflict(a, row[a], b, row[b]) for a, b in itertools.combinations(axes, 2)):
            yield row
