// What both pages share: the colour mode. Runs before the page is painted, so it does not flash.
// The key is ReDoc's own, so that one choice holds for both pages.
(function () {
  "use strict";
  var key = "redoc.colorMode";
  var root = document.documentElement;

  function stored() {
    try {
      return localStorage.getItem(key);
    } catch (error) {
      return null; // storage is switched off: follow the system
    }
  }

  function dark() {
    var mode = stored();
    if (mode === "dark" || mode === "light") return mode === "dark";
    return matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function apply() {
    var on = dark();
    root.classList.toggle("dark-mode", on); // Swagger UI's name
    root.classList.toggle("dark", on); // ReDoc's name
    root.classList.toggle("light", !on);
  }

  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  addEventListener("storage", function (event) {
    if (event.key === key) apply();
  });

  addEventListener("DOMContentLoaded", function () {
    var button = document.querySelector("[data-color-mode]");
    if (!button) return;
    button.addEventListener("click", function () {
      try {
        localStorage.setItem(key, dark() ? "light" : "dark");
      } catch (error) {
        return;
      }
      apply();
    });
  });
})();
