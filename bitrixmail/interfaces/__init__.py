"""FLOOR 2: the contracts by which rooms meet. zope.interface only, no behaviour."""
