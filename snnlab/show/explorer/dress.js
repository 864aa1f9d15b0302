// Colours of a player on its background.

// Sets the colours of the style.
function dress(root, colours, isDark) {
  const named = {
    ink: colours.ink,
    grey: colours.grey,
    paper: colours.paper,
    line: `color-mix(in srgb, ${colours.ink} 16%, transparent)`,
    faint: `color-mix(in srgb, ${colours.ink} 8%, transparent)`,
    chosen: `color-mix(in srgb, ${colours.hue_blue} 24%, transparent)`,
    focus: colours.hue_blue,
    right: colours.hue_green,
    wrong: colours.hue_vermillion,
    neutral: colours.hue_blue,
  };
  for (const [name, value] of Object.entries(named)) root.style.setProperty(`--${name}`, value);
  root.style.colorScheme = isDark ? "dark" : "light";
}
