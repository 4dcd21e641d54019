"""The screens: home, lesson, and what opens over them."""
