"use strict";

// ReDoc puts a logo of its makers into the page, which would come from elsewhere, and has no option against it.
// React sets an image's source twice: as an attribute, and as a property once the image is in the page
const foreign = (value) => String(value).startsWith("https://cdn.redoc.ly/");

const { setAttribute } = Element.prototype;
Element.prototype.setAttribute = function (name, value) {
  if (name !== "src" || !foreign(value)) {
    setAttribute.call(this, name, value);
  }
};

const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...source,
  set(value) {
    if (!foreign(value)) {
      source.set.call(this, value);
    }
  },
});
