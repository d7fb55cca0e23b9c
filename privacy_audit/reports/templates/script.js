"use strict";
(function () {
  var root = document.documentElement;
  root.classList.add("scripted");
  var form = document.querySelector(".filters");
  if (!form) return;
  var count = form.querySelector("output");
  var groups = Array.prototype.slice.call(document.querySelectorAll("[data-outcome]"));
  var cards = groups.filter(function (each) { return each.classList.contains("check"); });

  function matches(each, field) {
    var wanted = form.elements[field].value;
    return !wanted || (" " + each.getAttribute("data-" + field) + " ").indexOf(" " + wanted + " ") >= 0;
  }

  function apply() {
    var text = form.elements.text.value.trim().toLowerCase();
    var shown = 0;
    groups.forEach(function (each) {
      var fits = matches(each, "claim") && matches(each, "severity") && matches(each, "outcome") &&
        (!text || each.textContent.toLowerCase().indexOf(text) >= 0);
      each.hidden = !fits;
      if (fits && cards.indexOf(each) >= 0) shown += 1;
    });
    document.querySelectorAll("tbody.matrix").forEach(function (body) {
      body.hidden = !body.querySelector("tr[data-outcome]:not([hidden])");
    });
    count.value = shown + " of " + cards.length + " shown under Findings";
  }

  form.addEventListener("input", apply);
  form.addEventListener("reset", function () { setTimeout(apply); });
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  apply();

  // A link to a finding must find it, whatever the filter hides; a document on paper hides nothing.
  function showAll() { form.reset(); groups.forEach(function (each) { each.hidden = false; }); apply(); }
  window.addEventListener("hashchange", function () {
    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.closest("[hidden]")) { showAll(); target.scrollIntoView(); }
    if (target && target.tagName === "DETAILS") { target.open = true; }
  });
  var closed = [];
  window.addEventListener("beforeprint", function () {
    groups.forEach(function (each) { each.hidden = false; });
    document.querySelectorAll("tbody.matrix").forEach(function (body) { body.hidden = false; });
    closed = Array.prototype.filter.call(document.querySelectorAll("details"), function (each) { return !each.open; });
    closed.forEach(function (each) { each.open = true; });
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (each) { each.open = false; });
    apply();
  });
})();
