// Watches a browser context and remembers everything that a clean page does not do: an error on the console, an
// exception, a violation of the content security policy, a request to another origin.

import type { BrowserContext } from "@playwright/test";

export class Guard {
  private readonly problems: string[] = [];
  private finished = false;
  private readonly origins = new Set<string>();
  private readonly expected: RegExp[] = [];

  allowOrigin(url: string): void {
    this.origins.add(new URL(url).origin);
  }

  /** For a journey that provokes a refusal: the browser reports, for instance, each answer 404 on the console. */
  expectProblem(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  /** What was found so far; it is forgotten here, and so no longer fails the test. */
  takeProblems(): string[] {
    return this.problems.splice(0);
  }

  /** The journey is over: what a page reports when its servers are stopped says nothing about the page. */
  finish(): void {
    this.finished = true;
  }

  async watch(context: BrowserContext): Promise<void> {
    context.on("console", (message) => {
      if (message.type() === "error") this.report(`console error at ${message.location().url}: ${message.text()}`);
    });
    context.on("weberror", (error) => this.report(`exception at ${error.page()?.url()}: ${error.error().stack}`));
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith("http") && !this.origins.has(origin)) this.report(`foreign request: ${request.url()}`);
    });
    // The browser itself reports most violations on the console, but not those of a report-only policy.
    // Without JavaScript this does not run, and the console alone speaks.
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy violation: ${event.effectiveDirective} blocked ${event.blockedURI}`);
      });
    });
  }

  private report(problem: string): void {
    if (!this.finished && !this.expected.some((pattern) => pattern.test(problem))) this.problems.push(problem);
  }
}
