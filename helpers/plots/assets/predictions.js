// Sorts and filters the table of predictions.
(function () {
  var body = document.querySelector("tbody"), rows = Array.from(body.rows);
  var text = document.getElementById("filter"), status = document.getElementById("status");
  var shown = document.getElementById("shown");
  function apply() {
    var wanted = text.value.toLowerCase(), count = 0;
    rows.forEach(function (row) {
      var fits = row.textContent.toLowerCase().includes(wanted) &&
        (!status.value || row.dataset.status === status.value);
      row.hidden = !fits; count += fits ? 1 : 0;
    });
    shown.textContent = count + " of " + rows.length + " rows shown";
  }
  text.addEventListener("input", apply); status.addEventListener("change", apply);
  document.querySelector("form").addEventListener("submit", function (e) { e.preventDefault(); });
  document.querySelectorAll("th button").forEach(function (button) {
    button.addEventListener("click", function () {
      var head = button.parentNode, place = head.cellIndex;
      var up = head.getAttribute("aria-sort") !== "ascending";
      head.parentNode.querySelectorAll("th").forEach(function (h) {
        h.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      rows.sort(function (a, b) {
        var x = a.cells[place].dataset.key, y = b.cells[place].dataset.key;
        if (x === "" || y === "") return (x === "") - (y === "");
        var order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
        return up ? order : -order;
      });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
  apply();
})();
