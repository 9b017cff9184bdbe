"""What sellers call the fields, in the languages of their systems: header words → canonical names.

Used to find the header row of a table and to propose a mapping; never to map silently.
"""
# ruff: noqa: E501 - words of other scripts count double

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Canonical name → headers seen in shop systems, ERPs and supplier lists (es, pt, en, de, fr, it, nl, pl,
#: ru, uk, id, vi, th, ar, ja and more).
WORDS: dict[str, str] = {
    "SellerSku": (
        "sku|seller sku|sellersku|variant sku|item sku|sku code|product sku|sku id|código|codigo|cod|"
        "code|codigo sku|codigo producto|código de producto|codigo articulo|código artículo|cod articulo|"
        "referencia|reference|reference #|ref|référence|réf|referência|código do produto|artikelnummer|"
        "artikel-nr|art-nr|artnr|ordernumber|bestellnummer|item number|item no|item id|itemcode|"
        "item code|part number|product code|model|артикул|код товара|код_товара|код товару|код|"
        "артикул товара|商品コード|品番|型番|商品番号|商品管理番号|管理番号|id|product id|item|supplier reference|clave|"
        "idarticulo|id_articulo|artikel nr|artikelnr|artikelcode|artikelkennung|artikel id|artikel-id|"
        "art nr|artnummer|art|sachnummer|materialnummer|material|materialnr|produktnummer|produktnr|"
        "teilenummer|modellnummer|lieferantenartikelnummer|nummer|nr|kod|kod produktu|kod towaru|indeks|"
        "symbol|numer katalogowy|codice|codice articolo|codice prodotto|cod articolo|cod art|codart|"
        "articolo|articulo id|codigo interno|código interno|cve|clave articulo|clave producto|"
        "cod producto|cod prod|codigo sap|referencia interna|ref interna|ref producto|réf article|"
        "référence article|référence produit|code article|code produit|codice interno|"
        "artikelnummer leverancier|productcode|artikelcode leverancier|kode|kode barang|kode produk|"
        "kode sku|mã|mã sku|mã hàng|mã sản phẩm|mã sp|mã vật tư|รหัส|รหัสสินค้า|รหัส sku|رمز|رمز المنتج|"
        "رقم المنتج|كود|كود المنتج|كود الصنف|رقم الصنف|stok kodu|ürün kodu|cikkszám|varenummer|"
        "artikkelnummer|tuotenumero|kód|kod artykułu|referência interna|código produto|cod produto|货号|"
        "商品编码|seller-sku|merchant sku|matnr"
    ),
    "ParentSku": (
        "parent sku|parent|parentsku|parent_sku|item group id|item_group_id|group id|sku padre|"
        "codigo padre|artigo pai|sku pai|vater|hauptartikel|parent id|код родителя|родитель|親商品|親sku|"
        "handle|vaterartikel|vaterartikelnummer|übergeordneter artikel|artículo padre|codice padre|"
        "kod nadrzędny|référence parent|mã cha|parent-sku"
    ),
    "Name": (
        "name|title|product name|item name|product title|nombre|nombre producto|nombre del producto|"
        "descripcion corta|título|titulo|nome|nome do produto|bezeichnung|artikelbezeichnung|produktname|"
        "artikelname|nom|nom du produit|désignation|designation|libellé|libelle|название|"
        "название_позиции|название позиции|наименование|назва|назва товару|найменування|商品名|製品名|producto|"
        "produto|produit|artículo|articulo|_name|artikelbezeichnung 1|bezeichnung 1|bezeichnung1|"
        "kurzbezeichnung|kurztext|benennung|artikeltext|titel|produktbezeichnung|warenbezeichnung|nazwa|"
        "nazwa produktu|nazwa towaru|denominazione|nome prodotto|nome articolo|titolo|descrizione breve|"
        "omschrijving|productnaam|artikelomschrijving|naam|nama|nama barang|nama produk|tên|tên hàng|"
        "tên sản phẩm|tên sp|tên hàng hóa|ชื่อ|ชื่อสินค้า|รายการสินค้า|اسم|اسم المنتج|اسم الصنف|الاسم|"
        "ürün adı|název|megnevezés|varenavn|denominación|nombre articulo|nombre del articulo|"
        "descripcion producto|descripción del artículo|descripcion articulo|item-name|maktx|intitulé|"
        "nom article|prodotto|produkt|towar|produk|sản phẩm|สินค้า|المنتج|الصنف"
    ),
    "Description": (
        "description|body (html)|body html|body|long description|descripción|descripcion|"
        "descripción larga|descripcion larga|descrição|descricao|beschreibung|langtext|langbeschreibung|"
        "artikelbeschreibung|description longue|description complète|описание|опис|описание товара|商品説明|"
        "商品説明(詳細)|商品詳細|説明|detalle|content description|product description|artikellangtext|"
        "detailbeschreibung|produktbeschreibung|descrizione|descrizione lunga|opis|opis produktu|"
        "opis długi|beschrijving|productomschrijving|lange omschrijving|deskripsi|deskripsi produk|mô tả|"
        "mô tả sản phẩm|รายละเอียด|รายละเอียดสินค้า|คำอธิบาย|الوصف|وصف|وصف المنتج|açıklama|popis|leírás|"
        "descripción detallada|descripción del producto|texte long|item-description|product-description"
    ),
    "Brand": (
        "brand|marca|marke|hersteller|manufacturer|marque|fabricant|fabricante|vendor|brand name|"
        "производитель|бренд|виробник|торговая марка|ブランド|メーカー|supplier|_supplier|proveedor|fornecedor|"
        "producent|marca prodotto|produttore|merk|fabrikant|merek|thương hiệu|nhãn hiệu|hãng|ยี่ห้อ|"
        "แบรนด์|العلامة التجارية|الماركة|ماركة|marka|značka|márka|brand-name|herst"
    ),
    "PrimaryCategory": (
        "category|categories|primary category|primarycategory|product category|product type|product_type|"
        "type|categoría|categoria|categorías|categorias|rubro|familia|kategorie|warengruppe|catégorie|"
        "catégories|категория|категорія|группа товаров|група товарів|группа|カテゴリ|カテゴリー|商品カテゴリ|"
        "google product category|google_product_category|идентификатор_группы|номер_группы|kategorie 1|"
        "produktgruppe|artikelgruppe|hauptwarengruppe|kategoria|kategorie produktu|grupa|grupa towarowa|"
        "categoria merceologica|gruppo|reparto|categorie|productgroep|artikelgroep|kategori|danh mục|"
        "nhóm hàng|loại|หมวดหมู่|ประเภท|الفئة|التصنيف|القسم|kategorija|departamento|línea|linea|sección|"
        "seccion|rayon|famille|grupo"
    ),
    "Price": (
        "price|regular price|regular_price|variant price|list price|rrp|msrp|unit price|"
        "sale price tax incl|price tax included|price tax excluded|precio|precio publico|precio público|"
        "precio venta|precio de venta|precio normal|precio lista|precio unitario|pvp|p.v.p.|preço|preco|"
        "preço de venda|preis|vk|vk-preis|verkaufspreis|bruttopreis|prix|prix ttc|prix de vente|цена|"
        "ціна|розничная цена|роздрібна ціна|価格|販売価格|通常価格|定価|単価|netto|precio_publico|vk brutto|vk-brutto|"
        "bruttovk|vk preis brutto|verkaufspreis brutto|brutto vk|preis brutto|bruttopreis eur|endpreis|"
        "preis inkl mwst|preis inkl ust|ladenpreis|vk1|vk 1|vkpreis|vk netto|verkaufspreis netto|"
        "nettopreis|preis netto|cena|cena brutto|cena sprzedaży|cena sprzedaży brutto|cena detaliczna|"
        "cena netto|prezzo|prezzo vendita|prezzo di vendita|prezzo al pubblico|prezzo listino|listino|"
        "listino 1|prijs|verkoopprijs|prijs incl btw|adviesprijs|harga|harga jual|harga satuan|giá|"
        "giá bán|giá bán lẻ|giá niêm yết|đơn giá|ราคา|ราคาขาย|ราคาปลีก|السعر|سعر|سعر البيع|fiyat|"
        "satış fiyatı|cena s dph|ár|bruttó ár|pris|hinta|precio con iva|precio c/iva|precio iva incluido|"
        "precio final|precio web|precio minorista|precio al publico|precio al público|p venta|"
        "preço venda|preço final|valor|prix de vente ttc|prix public|prix unitaire|pu ttc|tarif|"
        "item-price|standard-price|standard_price|selling price|retail price|uvp|uvp brutto|"
        "unverbindliche preisempfehlung"
    ),
    "SalePrice": (
        "sale price|sale_price|saleprice|special price|special_price|specialprice|offer price|"
        "promo price|discounted price|precio oferta|precio de oferta|precio promocional|precio rebajado|"
        "oferta|preço promocional|angebotspreis|aktionspreis|sonderpreis|prix promo|prix promotionnel|"
        "prix soldé|акционная цена|цена со скидкой|акційна ціна|セール価格|特価|aktions vk|cena promocyjna|"
        "prezzo promo|prezzo scontato|prezzo offerta|aanbiedingsprijs|actieprijs|harga promo|"
        "harga diskon|giá khuyến mãi|giá sale|ราคาโปรโมชั่น|ราคาลด|سعر العرض|سعر التخفيض|سعر الخصم|"
        "precio descuento|precio con descuento|precio promo|prix remisé"
    ),
    "SaleStartDate": (
        "sale start date|salestartdate|date sale price starts|special_price_from_date|sale from|"
        "sale price effective date|inicio oferta|fecha inicio oferta|inicio promoção|angebot ab|début promo"
    ),
    "SaleEndDate": (
        "sale end date|saleenddate|date sale price ends|special_price_to_date|sale to|fin oferta|"
        "fecha fin oferta|fim promoção|angebot bis|fin promo"
    ),
    "Quantity": (
        "quantity|qty|stock|inventory|variant inventory qty|stock quantity|available quantity|on hand|"
        "existencias|existencia|cantidad|inventario|disponible|disponibilidad|estoque|quantidade|bestand|"
        "lagerbestand|menge|lager|quantité|stock disponible|количество|остаток|наличие|кількість|залишок|"
        "наявність|在庫|在庫数|在庫数量|bestand verfügbar|verfügbarer bestand|verfügbar|lagermenge|freier bestand|"
        "lagerstand|stück|stückzahl|anzahl|ilość|stan|stan magazynowy|stany|stan mag|quantità|giacenza|"
        "disponibilità|disponibile|esistenza|qta|qtà|aantal|voorraad|stok|jumlah|jumlah stok|số lượng|sl|"
        "tồn|tồn kho|สต็อก|สต๊อก|จำนวน|คงเหลือ|จำนวนคงเหลือ|الكمية|كمية|المخزون|الرصيد|stok adedi|miktar|"
        "množství|skladem|készlet|mennyiség|antal|lager antal|stock actual|stock total|stock real|exist|"
        "cant|unidades|estoque atual|saldo|qtde|qtd|qté|qte|quantité disponible|dispo|en stock"
    ),
    "Status": (
        "status|state|active|enabled|published|product_online|estado|"
        "activo|activa|ativo|aktiv|statut|actif|"
        "active (0/1)|статус|активен|公開ステータス|公開ステータス(id)|ステータス|publish"
    ),
    "ProductId": (
        "ean|ean13|ean-13|gtin|upc|barcode|variant barcode|bar code|isbn|jan|código de barras|"
        "codigo de barras|codigo barras|cod barras|código ean|barcode/ean|strichcode|code barre|"
        "code-barres|code barres|штрихкод|штрих-код|штрих код|janコード|バーコード|productid|gtin ean|ean code|"
        "ean-code|ean gtin|ean nummer|ean nr|ean13 code|codice ean|codice a barre|barcode ean|kod ean|"
        "kod kreskowy|streepjescode|mã vạch|บาร์โค้ด|รหัสบาร์โค้ด|الباركود|باركود|barkod|čárový kód|"
        "vonalkód|strekkode|cod barra|codigo ean|upc ean|gencod|gencode"
    ),
    "TaxClass": (
        "tax class|tax_class_name|taxclass|tax|iva|clase de impuesto|steuersatz|mwst|steuer|tva|taxe|"
        "tax rules id|ндс|пдв|税率|税区分|mwst satz|mwst %|ust|ust satz|steuerklasse|stawka vat|vat|aliquota|"
        "aliquota iva|btw|btw tarief|pajak|ppn|thuế|vat %|ภาษี|الضريبة|taux tva|tipo iva|kdv"
    ),
    "Images": (
        "image|images|image url|image link|image_link|image src|image urls|image urls (x,y,z...)|picture|"
        "pictures|photo|photos|main image|mainimage|base_image|imagen|imágenes|imagenes|foto|fotos|"
        "url imagen|imagem|imagens|bild|bilder|bild-url|image url 1|url de l'image|ссылка_изображения|"
        "изображение|изображения|фото|картинка|зображення|посилання_зображення|商品画像|画像|画像url|assets|"
        "bild 1|bild1|bilddatei|bildpfad|zdjęcie|zdjęcia|immagine|immagini|foto 1|foto1|afbeelding|"
        "afbeeldingen|gambar|hình ảnh|hình|ảnh|รูปภาพ|รูป|صورة|الصورة|الصور|resim|obrázek|kép|imagen 1|"
        "imagen principal|url foto|link immagine|image 1|photo 1|main-image-url|main_image_url"
    ),
    "Variation": (
        "variation|size|talla|tamaño|tamanho|größe|groesse|taille|размер|розмір|サイズ|rozmiar|taglia|maat|"
        "ukuran|kích cỡ|kích thước|ขนาด|المقاس|مقاس|beden|velikost"
    ),
    "Condition": "condition|estado del producto|condición|condição|zustand|état|состояние|стан|状態",
    "ShipmentType": "shipmenttype|shipment type|shipping type|tipo de envío",
    "ProductData.PackageWeight": (
        "weight|weight (kg)|peso|peso (kg)|gewicht|poids|вес|вага|重量|variant grams|package weight|"
        "packageweight|ctn weight|peso kg|gewicht (kg)|gewicht kg|bruttogewicht|nettogewicht|waga|masa|"
        "peso lordo|peso netto|berat|trọng lượng|cân nặng|khối lượng|น้ำหนัก|الوزن|ağırlık|hmotnost"
    ),
    "ProductData.PackageLength": (
        "length|length (cm)|largo|longitud|comprimento|länge|longueur|длина|довжина|長さ"
    ),
    "ProductData.PackageWidth": "width|width (cm)|ancho|largura|breite|largeur|ширина|幅",
    "ProductData.PackageHeight": "height|height (cm)|alto|altura|höhe|hauteur|высота|висота|高さ",
    "ProductData.Color": (
        "color|colour|farbe|cor|couleur|цвет|колір|色|カラー|kolor|colore|kleur|warna|màu|màu sắc|สี|اللون|"
        "لون|renk|barva|szín|farbe/muster"
    ),
}

#: What an article is bought for: never sent, and never a price.
COSTS = (
    "cost|costs|cost price|unit cost|cost per item|wholesale_price|wholesale price|purchase price|purchase_price|"
    "buying price|landed cost|ek|ek netto|ek-preis|ekpreis|einkaufspreis|einkauf|gestehungskosten|selbstkosten|"
    "costo|coste|costos|precio costo|precio de costo|precio coste|precio compra|precio de compra|costo unitario|"
    "custo|preço custo|preço de custo|preço compra|prix achat|prix d'achat|pa ht|coût|cout|prezzo acquisto|"
    "prezzo di acquisto|costo acquisto|inkoop|inkoopprijs|kostprijs|cena zakupu|koszt|harga beli|harga modal|modal|"
    "giá nhập|giá vốn|giá mua|ทุน|ราคาทุน|ต้นทุน|التكلفة|تكلفة|سعر الشراء|سعر التكلفة|закупочная цена|закупка|"
    "себестоимость|закупівельна ціна|原価|仕入価格|maliyet|alış fiyatı"
)
#: Words that stand for the article's number in one file and for its name in the next: the values tell.
EITHER = (
    "artikel|article|articulo|artículo|articolo|artigo|item|produkt|product|producto|produto|prodotto|produit|"
    "towar|barang|produk|model|modelo|modell|sản phẩm|สินค้า|المنتج|الصنف|товар|商品|bezeichner"
)


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """A header as it is compared: no case, no accents, blanks, underscores and dashes all one blank."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char) or char >= "\u3040")
    return " ".join(re.sub(r"[\s_\-.:*]+", " ", plain).split())


@lru_cache(maxsize=1)
def _index() -> dict[str, tuple[str, int]]:
    """Folded header → (canonical name, rank: how far down its list it stands)."""
    index: dict[str, tuple[str, int]] = {}
    for name, words in WORDS.items():
        for rank, word in enumerate([name, name.rpartition(".")[2], *words.split("|")]):
            index.setdefault(folded(word), (name, rank))
    return index


def meant(header: str) -> tuple[str, int] | None:
    """The canonical name that a header's words usually stand for, and how unusual they are."""
    return _index().get(folded(header))


@lru_cache(maxsize=1)
def costs() -> frozenset[str]:
    """Folded headers of what an article is bought for."""
    return frozenset(map(folded, COSTS.split("|")))


@lru_cache(maxsize=1)
def either() -> frozenset[str]:
    """Folded headers of an article's number or its name."""
    return frozenset(map(folded, EITHER.split("|")))


@lru_cache(maxsize=1)
def phrases() -> dict[tuple[str, ...], tuple[str, int]]:
    """The words of each known header → what `meant` says of it."""
    return {tuple(header.split()): found for header, found in _index().items()}


def within(header: str) -> tuple[str, str] | None:
    """The canonical name that the longest known words in a header stand for, and those words."""
    words = tuple(folded(header).replace("(", " ").replace(")", " ").replace("/", " ").split())
    if len(words) > 6:
        return None
    spans = (
        words[at : at + size] for size in range(len(words), 0, -1) for at in range(len(words) - size + 1)
    )
    for span in spans:
        if len("".join(span)) > 1 and (found := phrases().get(span)) is not None:
            return found[0], " ".join(span)
    joined = "".join(words)  # languages that write without blanks
    inside = [
        (len(word[0]), found[0], word[0])
        for word, found in phrases().items()
        if len(word) == 1 and len(word[0]) > 1 and not word[0].isascii() and word[0] in joined
    ]
    return max(inside)[1:] if inside else None


def is_cost(header: str) -> bool:
    """Whether a header says what an article is bought for: in all of it, or in some of its words."""
    words = tuple(folded(header).replace("(", " ").replace(")", " ").replace("/", " ").split())
    spans = (" ".join(words[at:end]) for at in range(len(words)) for end in range(at + 1, len(words) + 1))
    return any(span in costs() for span in spans)


def speaks(header: str) -> bool:
    """Whether a cell reads like the header of a product table."""
    return folded(header) in _index() or folded(header) in costs() or folded(header) in either()
