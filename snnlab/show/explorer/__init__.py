"""The network explorer: a network at work on one image, and a pad to draw one."""
