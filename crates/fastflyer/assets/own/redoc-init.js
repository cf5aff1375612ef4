// Runs before ReDoc. Its search tries to compile code from text in order to move to a worker, which
// the content security policy forbids; without workers it does not try, and searches in the page.
"use strict";
delete window.Worker;
