"""The equation language: text in, a checked expression tree out; nothing is ever executed.

`parser` reads, `units` checks dimensions, `linear` finds what can be integrated exactly, `blocks`
puts the lines of a model together.
"""
