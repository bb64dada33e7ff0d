"""The small app in each framework.

A module has `add`, which adds routes of the small app to an app of its framework, and `build`,
which returns an app with the adapter round it. `build` takes the policy and what else an adapter
takes (`policies`, `paths`), and

- `marked`: whether the app has the marked routes,
- `late`: whether it gets the late routes when the adapter is in place,
- `guarded`: whether an authentication stands inside the adapter that turns away a request with
  `Authorization: no`.
"""
