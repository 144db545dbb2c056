def test_a(live, visitors):
    v = visitors(live.url)
    r = v.go("/")
    assert r.status == 200
