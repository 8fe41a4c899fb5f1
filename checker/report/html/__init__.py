"""Reports as one self-contained HTML file: data once as inert JSON, drawings as inline SVG, no word of it markup."""
