// The search takes a hyphen for a space, so that "Ctrl-C" would find every word that begins with a c. With a backslash before it, it is a letter.
const input = document.getElementById("tsd-search-input");
const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
if (input && value) {
  Object.defineProperty(input, "value", {
    get() { return value.get.call(input).replaceAll(/(?<=\w)-(?=\w)/g, "\\-"); },
    set(text) { value.set.call(input, text); },
  });
}
