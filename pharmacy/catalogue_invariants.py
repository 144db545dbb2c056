"""I8's part of the catalogue: the stock is what its movements say, and lies on the shelf."""

from precta.invariants import invariant, offenders


@invariant("I8", "no stock and no shelf is below zero")
def below_zero() -> list[str]:
    return offenders(
        """
        SELECT id || ': ' || stock || ' for sale' FROM pharmacy_medicine WHERE stock < 0
        UNION ALL
        SELECT medicine_id || ', batch ' || id || ': ' || on_hand FROM pharmacy_medicinebatch WHERE on_hand < 0
        """
    )


@invariant("I8", "a medicine's stock is the sum of its movements")
def stock_beside_movements() -> list[str]:
    return offenders(
        """
        SELECT m.id || ': ' || m.stock || ' noted, ' || coalesce(sum(s.change), 0) || ' moved'
        FROM pharmacy_medicine m LEFT JOIN pharmacy_stockmovement s ON s.medicine_id = m.id
        GROUP BY m.id HAVING m.stock <> coalesce(sum(s.change), 0)
        """
    )


@invariant("I8", "what lies on the shelf of a batch is the sum of its movements")
def shelf_beside_movements() -> list[str]:
    return offenders(
        """
        SELECT b.medicine_id || ', batch ' || b.id || ': ' || b.on_hand || ' noted, '
            || coalesce(sum(s.shelf_change), 0) || ' moved'
        FROM pharmacy_medicinebatch b LEFT JOIN pharmacy_stockmovement s ON s.batch_id = b.id
        GROUP BY b.id HAVING b.on_hand <> coalesce(sum(s.shelf_change), 0)
        """
    )


@invariant("I8", "no more is for sale than lies on the shelf")
def more_for_sale_than_there_is() -> list[str]:
    return offenders(
        """
        SELECT m.id || ': ' || m.stock || ' for sale, ' || coalesce(sum(b.on_hand), 0) || ' on the shelf'
        FROM pharmacy_medicine m LEFT JOIN pharmacy_medicinebatch b ON b.medicine_id = m.id
        GROUP BY m.id HAVING m.stock > coalesce(sum(b.on_hand), 0)
        """
    )


@invariant("I8", "a movement and its batch are of one medicine")
def movements_of_another() -> list[str]:
    return offenders(
        """
        SELECT s.id FROM pharmacy_stockmovement s JOIN pharmacy_medicinebatch b ON b.id = s.batch_id
        WHERE b.medicine_id <> s.medicine_id
        """
    )


@invariant("I8", "a medicine costs what its latest price change says")
def prices_beside_history() -> list[str]:
    return offenders(
        """
        SELECT m.id || ': ' || m.price || ', last changed to ' || coalesce(p.new_price::text, 'nothing')
        FROM pharmacy_medicine m LEFT JOIN LATERAL (
            SELECT new_price FROM pharmacy_pricechange WHERE medicine_id = m.id
            ORDER BY changed_at DESC, id DESC LIMIT 1
        ) p ON true
        WHERE m.price IS DISTINCT FROM p.new_price
        """
    )
