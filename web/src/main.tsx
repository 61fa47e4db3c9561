import { render } from "preact";
import { App } from "./app";
import { start } from "./store";
import "./style.css";

void start();
const page = document.getElementById("page");
if (page) render(<App />, page);
