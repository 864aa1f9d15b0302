// What is around a player: a host that hears where it rests, and a reader with wishes.

const REST = 300; // ms without a change until the host is told
const HEARD = 5000; // ms for which the host may still answer to what it was told

class Host {
  constructor(tell) {
    this.tell = tell;
    this.told = []; // lately
  }

  // Tells where the player is, unless it moves on meanwhile.
  rests(place) {
    this.hush();
    this.waiting = setTimeout(() => {
      const at = place();
      this.told.push({ ...at, when: Date.now() });
      this.tell?.("at", at);
    }, REST);
  }

  hush() {
    clearTimeout(this.waiting);
  }

  // Whether it only repeats what it was told a moment ago.
  heard(name, value) {
    this.told = this.told.filter(({ when }) => Date.now() - when < HEARD);
    return this.told.some((told) => told[name] === value);
  }
}

// What the reader asked the browser for: a dark page, a still picture.
class Wishes {
  constructor(changed, options) {
    [this.forDark, this.forStill] = ["(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"].map((wish) => matchMedia(wish));
    for (const wish of [this.forDark, this.forStill]) wish.addEventListener("change", changed, options);
  }

  get dark() {
    return this.forDark.matches;
  }

  get still() {
    return this.forStill.matches;
  }
}
