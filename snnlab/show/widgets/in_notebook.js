
// Makes the module above a widget of JupyterLab: mounts it, and keeps it and its model in step.

const DARK = "(prefers-color-scheme: dark)";

export default {
  render({ model, el }) {
    el.dataset.lmSuppressShortcuts = "true"; // JupyterLab has shortcuts on the same keys
    let told = {}; // the last position that came from the page
    const given = () => dressed(model.get("given"));
    const options = () => ({ t: model.get("t"), view: model.get("view"), neuron: model.get("neuron"), dark: isDark() });
    const tell = (what, more) => (what === "at" ? go(more) : model.send([what, more]));

    // Write a timestep or view from the page into the model.
    function go(place) {
      told = { t: place.t, view: place.view };
      model.set(told);
      model.save_changes();
    }

    let shown = given();
    const part = MOUNT(el, shown, tell, options());
    const follow = () => part.update(shown, options());
    const renew = () => {
      shown = given();
      follow();
    };
    const goAlong = () => {
      if (model.get("t") !== told.t || model.get("view") !== told.view) follow();
    };
    model.on("change:given", renew);
    model.on("change:t change:view", goAlong);
    model.on("change:neuron", follow);
    const theme = new MutationObserver(renew);
    theme.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
    return () => {
      theme.disconnect();
      part.remove();
    };
  },
};

// For the pad, the theme is a part of its input.
function dressed(given) {
  return "dark" in given ? { ...given, dark: isDark() ?? matchMedia(DARK).matches } : given;
}

// Whether JupyterLab is dark; null: it is not JupyterLab, and the browser knows.
function isDark() {
  const light = document.body.dataset.jpThemeLight;
  return light === undefined ? null : light === "false";
}
