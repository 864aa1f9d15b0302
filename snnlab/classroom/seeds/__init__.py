"""Measurements of the notebooks with other seeds, shipped as tables that one command makes.

python -m snnlab.classroom.seeds            all tables, a quarter of an hour on one core
python -m snnlab.classroom.seeds starts     some of them
"""
