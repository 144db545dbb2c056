from datetime import timedelta
import pytest
from precta import clock, hosts
from precta.tenancy import clinic_context
from tests import factories
from tests.browser import PHONE, DESK
from tests.pharmacy.conftest import issue, line
from tests.e2e.test_prescriptions import visit, fill
import pypdfium2

OUT = "/tmp/rxs/shots/"


def test_shots(visitor, visit, scene):
    d = visit.doctor
    host = hosts.clinic_host(visit.clinic)
    type(d).objects.filter(pk=d.pk).update(license_number="KMPDC A12345")
    visit.patient.date_of_birth = clock.now().date() - timedelta(days=12000)
    visit.patient.save()
    old = issue(
        visit,
        line("Amlodipine 5 mg tablet", instructions="In the morning"),
        line("Ferrous sulfate 200 mg tablet"),
        instructions="Drink plenty of water.\nCome back if it gets worse.",
    )
    new = issue(visit, line("Losartan 50 mg tablet"), replaces=old, replacement_reason="Swollen ankles")
    exp = issue(visit, line("Omeprazole 20 mg capsule"), days=0)
    from pharmacy.services.templates import save_template
    from pharmacy.models import Prescription
    from pharmacy.services.papers import paper_of
    from pharmacy.pdf.rendering import draw

    with clinic_context(visit.clinic):
        save_template(
            doctor=d, name="Malaria, uncomplicated", medications=[line("Coartem"), line("Panadol")], instructions="Net"
        )
        for name, row in (("old", old), ("new", new)):
            row = Prescription.objects.with_people().get(pk=row.pk)
            doc = pypdfium2.PdfDocument(draw(row, visit.clinic))
            doc[0].render(scale=2).to_pil().save(OUT + f"pdf_{name}.png")
    for scheme in ("light", "dark"):
        for label, view in (("phone", PHONE), ("desk", DESK)):
            v = visitor(d, viewport=view, color_scheme=scheme)
            v.expect(409)
            v.go(f"/workspace/visits/{visit.pk}/prescribe/", host)
            fill(v.page, 0, "Augmentin 625 mg tablet")
            v.page.get_by_role("button", name="Add a medicine").click()
            v.page.get_by_role("button", name="Issue the prescription").click()
            v.page.get_by_text("Look at this first").wait_for()
            v.page.screenshot(path=OUT + f"write_{label}_{scheme}.png", full_page=True)
            v.go(f"/prescriptions/{new.pk}/", host)
            v.page.screenshot(path=OUT + f"detail_{label}_{scheme}.png", full_page=True)
            v.go(f"/prescriptions/{old.pk}/", host)
            v.page.screenshot(path=OUT + f"replaced_{label}_{scheme}.png", full_page=True)
            v.go("/workspace/prescription-templates/", host)
            v.page.screenshot(path=OUT + f"templates_{label}_{scheme}.png", full_page=True)
            p = visitor(visit.patient, viewport=view, color_scheme=scheme)
            p.go("/me/prescriptions/")
            p.page.screenshot(path=OUT + f"me_{label}_{scheme}.png", full_page=True)
            p.go(f"/appointments/{visit.pk}/", host)
            p.page.screenshot(path=OUT + f"visit_{label}_{scheme}.png", full_page=True)
            s = visitor(viewport=view, color_scheme=scheme)
            s.expect(404)
            s.go(f"/rx/{new.verification_code}/")
            s.page.screenshot(path=OUT + f"rx_{label}_{scheme}.png", full_page=True)
            s.go(f"/rx/{old.verification_code}/")
            s.page.screenshot(path=OUT + f"rxold_{label}_{scheme}.png", full_page=True)
            s.go("/rx/")
            s.page.screenshot(path=OUT + f"check_{label}_{scheme}.png", full_page=True)
