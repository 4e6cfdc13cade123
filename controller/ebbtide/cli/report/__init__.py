"""The report of a plan: a page of its own, a drawing, a picture, in every language it speaks."""
