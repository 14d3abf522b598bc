"""Outside the floors: sendmail as programs of a machine know it. Imports nothing of ours."""
