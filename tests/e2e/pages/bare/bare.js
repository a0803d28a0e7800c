// A page with nothing but the package, as it is built: what a test does with it, it does by `window.library`.
import * as library from "/package/index.js";

window.library = library;
