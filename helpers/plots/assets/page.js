// Asks the network for the script where it does not lie beside the page.
(function (far) {
  if (window.Plotly) { return; }
  document.write('<script src="' + far.url + '" integrity="' + far.hash + '" crossorigin="anonymous"><\/script>');
})