"""Who is who and who may do what: keys, log-in, signatures, policy. Imports no Qt, no VTK."""
