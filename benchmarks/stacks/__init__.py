"""One module per framework: a small app, and that app in each CORS layer.

Each module has TITLE, PEER (what the rows call the other package), TRANSPORT ("asgi" or "wsgi")
and `variants`, which returns the app by itself (bare) and in the three layers: floor (constant
headers, constant preflights, no decision), peer and ours, all with the policy of `situations`.
"""
