
// What makes the module above a widget of JupyterLab: it is mounted, follows its model, and tells it.

const DARK = "(prefers-color-scheme: dark)";

export default {
  render({ model, el }) {
    el.dataset.lmSuppressShortcuts = "true"; // JupyterLab has keys of its own
    let told = {}; // where the page went by itself
    const given = () => dressed(model.get("given"));
    const options = () => ({ t: model.get("t"), view: model.get("view"), neuron: model.get("neuron"), dark: isDark() });
    const tell = (what, more) => (what === "at" ? go(more) : model.send([what, more]));

    // The page goes to a timestep or a view, and the model follows.
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

// The pad is told with the rest of it whether it is dark.
function dressed(given) {
  return "dark" in given ? { ...given, dark: isDark() ?? matchMedia(DARK).matches } : given;
}

// Whether JupyterLab is dark; null: it is not JupyterLab, and the browser knows.
function isDark() {
  const light = document.body.dataset.jpThemeLight;
  return light === undefined ? null : light === "false";
}
