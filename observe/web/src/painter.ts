// What a view is drawn with: on a canvas, or into an SVG file.

import { css, type RGB } from "./color.ts";

export type Anchor = "start" | "middle" | "end";

export interface Painter {
  rect(x: number, y: number, w: number, h: number, fill: string): void;
  line(points: [number, number][], stroke: string, width: number, dash?: number[]): void;
  text(x: number, y: number, s: string, fill: string, anchor?: Anchor, bold?: boolean): void;
  // row fills one pixel column each from x on; null leaves it as it is.
  row(x: number, y: number, h: number, colors: (RGB | null)[]): void;
  clip(x: number, y: number, w: number, h: number, draw: () => void): void;
}

export const fontSize = 11;
const family = "ui-sans-serif, system-ui, sans-serif";

export class CanvasPainter implements Painter {
  private strip = document.createElement("canvas");
  private pixels: ImageData | null = null;
  constructor(
    private c: CanvasRenderingContext2D,
    private scale: number,
  ) {
    this.strip.height = 1;
  }

  begin(w: number, h: number): void {
    this.c.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    this.c.clearRect(0, 0, w, h);
    this.c.textBaseline = "middle";
  }

  rect(x: number, y: number, w: number, h: number, fill: string): void {
    this.c.fillStyle = fill;
    this.c.fillRect(x, y, w, h);
  }

  line(points: [number, number][], stroke: string, width: number, dash: number[] = []): void {
    this.c.strokeStyle = stroke;
    this.c.lineWidth = width;
    this.c.setLineDash(dash);
    this.c.beginPath();
    points.forEach(([x, y], i) => (i ? this.c.lineTo(x, y) : this.c.moveTo(x, y)));
    this.c.stroke();
  }

  text(x: number, y: number, s: string, fill: string, anchor: Anchor = "start", bold = false): void {
    this.c.font = `${bold ? "600 " : ""}${fontSize}px ${family}`;
    this.c.textAlign = anchor === "middle" ? "center" : anchor;
    this.c.fillStyle = fill;
    this.c.fillText(s, x, y);
  }

  row(x: number, y: number, h: number, colors: (RGB | null)[]): void {
    const n = colors.length;
    if (!n) return;
    if (!this.pixels || this.pixels.width !== n) {
      this.strip.width = n;
      this.pixels = new ImageData(n, 1);
    }
    const d = this.pixels.data;
    for (let i = 0, o = 0; i < n; i++, o += 4) {
      const c = colors[i];
      if (c) {
        d[o] = c[0];
        d[o + 1] = c[1];
        d[o + 2] = c[2];
        d[o + 3] = 255;
      } else d[o + 3] = 0;
    }
    this.strip.getContext("2d")!.putImageData(this.pixels, 0, 0);
    this.c.imageSmoothingEnabled = false;
    this.c.drawImage(this.strip, x, y, n, h);
  }

  clip(x: number, y: number, w: number, h: number, draw: () => void): void {
    this.c.save();
    this.c.beginPath();
    this.c.rect(x, y, w, h);
    this.c.clip();
    draw();
    this.c.restore();
  }
}

const esc = (s: string) => s.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const r = (x: number) => Math.round(x * 100) / 100;

export class SVGPainter implements Painter {
  private out: string[] = [];
  private clips = 0;

  rect(x: number, y: number, w: number, h: number, fill: string): void {
    this.out.push(`<rect x="${r(x)}" y="${r(y)}" width="${r(w)}" height="${r(h)}" fill="${esc(fill)}"/>`);
  }

  line(points: [number, number][], stroke: string, width: number, dash: number[] = []): void {
    const d = dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "";
    const p = points.map(([x, y]) => `${r(x)},${r(y)}`).join(" ");
    this.out.push(`<polyline points="${p}" fill="none" stroke="${esc(stroke)}" stroke-width="${width}"${d}/>`);
  }

  text(x: number, y: number, s: string, fill: string, anchor: Anchor = "start", bold = false): void {
    this.out.push(
      `<text x="${r(x)}" y="${r(y)}" fill="${esc(fill)}" text-anchor="${anchor}" dominant-baseline="central"` +
        `${bold ? ' font-weight="600"' : ""}>${esc(s)}</text>`,
    );
  }

  row(x: number, y: number, h: number, colors: (RGB | null)[]): void {
    for (let i = 0; i < colors.length;) {
      let j = i + 1;
      while (j < colors.length && String(colors[j]) === String(colors[i])) j++;
      const c = colors[i];
      if (c) this.rect(x + i, y, j - i, h, css(c));
      i = j;
    }
  }

  clip(x: number, y: number, w: number, h: number, draw: () => void): void {
    const id = `clip${this.clips++}`;
    this.out.push(
      `<clipPath id="${id}"><rect x="${r(x)}" y="${r(y)}" width="${r(w)}" height="${r(h)}"/></clipPath>` + `<g clip-path="url(#${id})">`,
    );
    draw();
    this.out.push("</g>");
  }

  file(w: number, h: number, background: string): string {
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${r(w)} ${r(h)}" width="${r(w)}" height="${r(h)}" ` +
      `font-family="${family}" font-size="${fontSize}"><rect width="100%" height="100%" fill="${esc(background)}"/>` +
      `${this.out.join("\n")}</svg>\n`
    );
  }
}
