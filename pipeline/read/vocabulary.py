"""What sellers call the fields, in the languages of their systems: header words → canonical names.

Used to find the header row of a table and to propose a mapping; never to map silently.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Canonical name → headers seen in shop systems, ERPs and supplier lists (es, pt, en, de, fr, ru, uk, ja).
WORDS: dict[str, str] = {
    "SellerSku": (
        "sku|seller sku|sellersku|variant sku|item sku|sku code|product sku|sku id|código|codigo|cod|code|"
        "codigo sku|codigo producto|código de producto|"
        "codigo articulo|código artículo|cod articulo|referencia|"
        "reference|reference #|ref|référence|réf|referência|"
        "código do produto|artikelnummer|artikel-nr|art-nr|"
        "artnr|ordernumber|bestellnummer|item number|item no|item id|itemcode|item code|part number|"
        "product code|model|артикул|код товара|код_товара|код товару|код|артикул товара|商品コード|品番|型番|"
        "商品番号|商品管理番号|管理番号|id|product id|item|supplier reference|clave|idarticulo|id_articulo"
    ),
    "ParentSku": (
        "parent sku|parent|parentsku|parent_sku|item group id|"
        "item_group_id|group id|sku padre|codigo padre|"
        "artigo pai|sku pai|vater|hauptartikel|parent id|код родителя|родитель|親商品|親sku|handle"
    ),
    "Name": (
        "name|title|product name|item name|product title|nombre|nombre producto|nombre del producto|"
        "descripcion corta|título|titulo|nome|nome do produto|bezeichnung|artikelbezeichnung|produktname|"
        "artikelname|nom|nom du produit|désignation|designation|libellé|libelle|название|название_позиции|"
        "название позиции|наименование|назва|назва товару|найменування|商品名|製品名|producto|"
        "produto|produit|"
        "artículo|articulo|_name"
    ),
    "Description": (
        "description|body (html)|body html|body|long description|descripción|descripcion|descripción larga|"
        "descripcion larga|descrição|descricao|beschreibung|langtext|langbeschreibung|artikelbeschreibung|"
        "description longue|description complète|описание|опис|описание товара|商品説明|商品説明(詳細)|"
        "商品詳細|説明|detalle|content description|product description"
    ),
    "Brand": (
        "brand|marca|marke|hersteller|manufacturer|marque|fabricant|fabricante|vendor|brand name|"
        "производитель|бренд|виробник|торговая марка|ブランド|メーカー|supplier|"
        "_supplier|proveedor|fornecedor"
    ),
    "PrimaryCategory": (
        "category|categories|primary category|primarycategory|"
        "product category|product type|product_type|type|"
        "categoría|categoria|categorías|categorias|rubro|familia|"
        "kategorie|warengruppe|catégorie|catégories|"
        "категория|категорія|группа товаров|група товарів|группа|カテゴリ|カテゴリー|商品カテゴリ|"
        "google product category|google_product_category|идентификатор_группы|номер_группы"
    ),
    "Price": (
        "price|regular price|regular_price|variant price|list price|"
        "rrp|msrp|unit price|sale price tax incl|"
        "price tax included|price tax excluded|precio|precio publico|precio público|precio venta|"
        "precio de venta|precio normal|precio lista|precio unitario|pvp|p.v.p.|preço|preco|preço de venda|"
        "preis|vk|vk-preis|verkaufspreis|bruttopreis|"
        "prix|prix ttc|prix de vente|цена|ціна|"
        "розничная цена|роздрібна ціна|価格|販売価格|通常価格|定価|単価|netto|precio_publico"
    ),
    "SalePrice": (
        "sale price|sale_price|saleprice|special price|special_price|specialprice|offer price|promo price|"
        "discounted price|precio oferta|precio de oferta|precio promocional|precio rebajado|oferta|"
        "preço promocional|angebotspreis|aktionspreis|sonderpreis|prix promo|prix promotionnel|"
        "prix soldé|акционная цена|цена со скидкой|акційна ціна|セール価格|特価"
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
        "lagerbestand|menge|lager|quantité|stock disponible|количество|остаток|наличие|кількість|"
        "залишок|наявність|在庫|在庫数|在庫数量"
    ),
    "Status": (
        "status|state|active|enabled|published|product_online|estado|"
        "activo|activa|ativo|aktiv|statut|actif|"
        "active (0/1)|статус|активен|公開ステータス|公開ステータス(id)|ステータス|publish"
    ),
    "ProductId": (
        "ean|ean13|ean-13|gtin|upc|barcode|variant barcode|bar code|isbn|jan|código de barras|"
        "codigo de barras|codigo barras|cod barras|código ean|"
        "barcode/ean|strichcode|code barre|code-barres|"
        "code barres|штрихкод|штрих-код|штрих код|janコード|バーコード|productid"
    ),
    "TaxClass": (
        "tax class|tax_class_name|taxclass|tax|iva|clase de impuesto|steuersatz|mwst|steuer|tva|taxe|"
        "tax rules id|ндс|пдв|税率|税区分"
    ),
    "Images": (
        "image|images|image url|image link|image_link|image src|image urls|image urls (x,y,z...)|picture|"
        "pictures|photo|photos|main image|mainimage|base_image|imagen|imágenes|imagenes|foto|fotos|"
        "url imagen|imagem|imagens|bild|bilder|bild-url|image url 1|url de l'image|ссылка_изображения|"
        "изображение|изображения|фото|картинка|зображення|посилання_зображення|商品画像|画像|画像url|assets"
    ),
    "Variation": "variation|size|talla|tamaño|tamanho|größe|groesse|taille|размер|розмір|サイズ",
    "Condition": "condition|estado del producto|condición|condição|zustand|état|состояние|стан|状態",
    "ShipmentType": "shipmenttype|shipment type|shipping type|tipo de envío",
    "ProductData.PackageWeight": (
        "weight|weight (kg)|peso|peso (kg)|gewicht|poids|вес|вага|重量|variant grams|package weight|"
        "packageweight|ctn weight|peso kg|gewicht (kg)"
    ),
    "ProductData.PackageLength": (
        "length|length (cm)|largo|longitud|comprimento|länge|longueur|длина|довжина|長さ"
    ),
    "ProductData.PackageWidth": "width|width (cm)|ancho|largura|breite|largeur|ширина|幅",
    "ProductData.PackageHeight": "height|height (cm)|alto|altura|höhe|hauteur|высота|висота|高さ",
    "ProductData.Color": "color|colour|farbe|cor|couleur|цвет|колір|色|カラー",
}


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


def speaks(header: str) -> bool:
    """Whether a cell reads like the header of a product table."""
    return folded(header) in _index()
