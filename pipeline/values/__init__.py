"""A cell's text ↔ a value of its kind ↔ its canonical form and digest. Pure: no files, no clock.

Three forms of one value:

- *source text*: what the file showed ("1.234,50", " Rojo "), read under a `Format`;
- *value*: the text we would send ("1234.50", "Rojo"); what plans, journal and reports hold;
- *comparable*: what two equal values share ("1234.50" and "1234.5" → "1234.5"; html by meaning,
  a category id → its name). Only ever compared, never sent.

The value "" means empty: on the catalog's side "clear it", on the shop's side "nothing there".
None (null) on the catalog's side means "leave alone".
"""
