// Draws a figure where the notebook did not, and folds its picture away.
(function (id, spec, config, near, far) {
  var box = document.querySelector('[data-figure="' + id + '"]:not([data-started])');
  if (!box) { return; }
  box.dataset.started = "yes";
  var note = box.querySelector("p");
  function drawn() {
    return Array.prototype.some.call(document.querySelectorAll(".js-plotly-plot"), function (g) {
      return !box.contains(g) && g.layout && g.layout.meta && g.layout.meta.figure === id;
    });
  }
  function add(source) {
    return new Promise(function (done, failed) {
      var define = window.define, script = document.createElement("script");
      window.define = undefined;
      script.onload = function () {
        window.define = define; window.Plotly ? done() : failed(); };
      script.onerror = function () { window.define = define; failed(); };
      if (source.hash) { script.integrity = source.hash; script.crossOrigin = "anonymous"; }
      script.src = source.url;
      document.head.appendChild(script);
    });
  }
  function load() {
    if (window.Plotly) { return Promise.resolve(); }
    if (!window.figurePlotly) {
      var order = location.protocol === "file:" ? near.concat(far) : far.concat(near);
      window.figurePlotly = order.reduce(function (before, source) {
        return before.catch(function () { return add(source); });
      }, Promise.reject());
    }
    return window.figurePlotly;
  }
  function fold() {
    var kinds = ".jp-OutputArea-child, .output_area, .display_data";
    var output = box.closest(kinds);
    for (var back = 0; output && back < 2; back += 1) {
      output = output.previousElementSibling;
      if (output && output.querySelector("img") && !output.querySelector(".js-plotly-plot")) {
        output.style.display = "none";
      }
    }
  }
  function draw() {
    var plot = document.createElement("div");
    box.appendChild(plot);
    return window.Plotly.newPlot(plot, spec.data, spec.layout, config).then(function () {
      note.remove(); fold(); });
  }
  function start(tries) {
    if (drawn()) { fold(); box.style.display = "none"; return; }
    if (tries > 0) { setTimeout(function () { start(tries - 1); }, 250); return; }
    load().then(draw).catch(function () {
      note.textContent = "The interactive figure needs plotly.min.js or a network; " +
        "the picture above shows the same data."; });
  }
  start(document.getElementById("jupyter-config-data") ? 20 : 0);
})
