"use strict";
// A browser lets a page that is opened as a file read no other file but scripts: asv's page asks for JSON, and gets it
// from the script beside it.
const answers = {};
if (location.protocol === "file:") {
    $.ajaxTransport("+json", ({ url }) => ({
        send(headers, complete) {
            const [name] = url.split("?");
            const script = Object.assign(document.createElement("script"), { src: `${name}.js` });
            script.onload = () => complete(200, "OK", { json: answers[name] });
            script.onerror = () => complete(404, "Not Found");
            document.head.append(script);
        },
        abort() {},
    }));
}
