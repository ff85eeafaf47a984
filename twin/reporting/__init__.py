"""After-action reports: a recording or a journal becomes pages. Imports no Qt, no VTK."""
