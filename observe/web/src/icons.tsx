// The few icons of the page, drawn on a grid of 16.

const paths = {
  play: "M5 3.5v9l7.5-4.5z",
  pause: "M4.5 3.5h2.5v9H4.5zM9 3.5h2.5v9H9z",
  back: "M4 3.5h1.8v9H4zM12.5 3.5v9L6.5 8z",
  forward: "M10.2 3.5H12v9h-1.8zM3.5 3.5v9l6-4.5z",
  first: "M3 3.5h1.6v9H3zM8.6 3.5v9L4.4 8zM13.2 3.5v9L9 8z",
  last: "M11.4 3.5H13v9h-1.6zM7.4 3.5v9L11.6 8zM2.8 3.5v9L7 8z",
  plus: "M7.2 3h1.6v4.2H13v1.6H8.8V13H7.2V8.8H3V7.2h4.2z",
  minus: "M3 7.2h10v1.6H3z",
  close: "M4.2 3.1 8 6.9l3.8-3.8 1.1 1.1L9.1 8l3.8 3.8-1.1 1.1L8 9.1l-3.8 3.8-1.1-1.1L6.9 8 3.1 4.2z",
  sun: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM7.3 1h1.4v2H7.3zM7.3 13h1.4v2H7.3zM1 7.3h2v1.4H1zM13 7.3h2v1.4h-2zM2.6 3.5l1-1L5 4 4 5zM11 12l1-1 1.4 1.5-1 1zM11 4l1.5-1.4 1 1L12 5zM2.6 12.5 4 11l1 1-1.4 1.5z",
  moon: "M6.3 2.2a6 6 0 1 0 7.5 7.6A5 5 0 0 1 6.3 2.2z",
  save: "M7.2 2h1.6v6.2l2.1-2.1L12 7.2 8 11.2 4 7.2l1.1-1.1 2.1 2.1zM3 12.4h10V14H3z",
  live: "M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zm0 1.4a4.6 4.6 0 1 1 0 9.2 4.6 4.6 0 0 1 0-9.2z",
};

export const Icon = ({ name }: { name: keyof typeof paths }) => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path d={paths[name]} />
  </svg>
);
