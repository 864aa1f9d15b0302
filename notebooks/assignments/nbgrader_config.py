"""Settings of nbgrader for this course folder. Formgrader and `snnlab assign` both read them."""

from snnlab.classroom.assignments.feedback_page import PAGE
from snnlab.classroom.assignments.nbgrader_cells import PUT_IN_ORDER, grading_steps

c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.course_id = "snnlab"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.db"]

# A student's notebook is never run as a whole. Its functions run in processes of their own,
# with limits; see the teacher's guide.
c.Autograde.sanitize_preprocessors = PUT_IN_ORDER
c.Autograde.autograde_preprocessors = grading_steps()

# What students wrote is shown as text, never as live HTML: in feedback and in formgrader.
c.HTMLExporter.update(PAGE)
