import { chromium } from "playwright-core";
const [,, port, out, scheme, width, act]=process.argv;
const b=await chromium.launch({executablePath:"/usr/bin/chromium",args:["--headless","--no-sandbox","--disable-gpu"]});
const c=await b.newContext({viewport:{width:+width,height:860},colorScheme:scheme,locale:"zh-CN",timezoneId:"Asia/Shanghai"});
const p=await c.newPage(); p.on("console",m=>console.log("console",m.text())); p.on("pageerror",e=>console.log("err",e.message));
await p.goto(`http://127.0.0.1:${port}/tasks/ui`); await p.locator(".rows li").first().waitFor();
if(act==="details"){await p.locator(".rows .name").first().click(); await p.waitForTimeout(300)}
if(act==="confirm"){await p.locator(".rows .actions button:last-child").first().click(); await p.waitForTimeout(300)}
if(act==="scroll"){await p.evaluate(()=>scrollTo(0,30000)); await p.waitForTimeout(600); console.log(await p.locator(".rows li").count(), await p.locator(".rows li .name").allInnerTexts())}
console.log("w",await p.evaluate(()=>document.documentElement.scrollWidth));
await p.screenshot({path:out}); await b.close();
