// Starts Swagger UI. The address comes from the element, so that the page needs no inline script.
(function () {
  "use strict";
  var element = document.getElementById("swagger-ui");
  SwaggerUIBundle({
    domNode: element,
    url: element.dataset.openapiUrl,
    layout: "BaseLayout",
    presets: [SwaggerUIBundle.presets.apis],
    deepLinking: true,
    filter: true,
    displayRequestDuration: true,
    persistAuthorization: true,
    showExtensions: true,
    showCommonExtensions: true,
    validatorUrl: null, // would send the document's address to a public service
    syntaxHighlight: { theme: "nord" },
  });
})();
