"""What the notebooks' measurements give with other seeds: shipped as tables, made by one command.

python -m snnlab.classroom.seeds            all tables, a quarter of an hour on one core
python -m snnlab.classroom.seeds starts     some of them
"""
