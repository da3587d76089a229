namespace Espalier.Reports.Html;

/// <summary>A page that needs no network and no script.</summary>
internal static class HtmlPage
{
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'";

    /// <summary>Writes it.</summary>
    /// <param name="output">Where to; stays open.</param>
    /// <param name="title">What a browser calls it.</param>
    /// <param name="heading">What stands above it.</param>
    /// <param name="content">Writes what stands below that.</param>
    internal static void Write(TextWriter output, string title, string heading, Action<HtmlBuilder> content)
    {
        using var html = new HtmlBuilder(output);
        html.Doctype();
        using var page = html.Open("html", ("lang", "en"));
        Head(html, title);
        using var body = html.Open("body");
        using var main = html.Open("main");
        html.Leaf("h1", heading);
        content(html);
    }

    private static void Head(HtmlBuilder html, string title)
    {
        using var head = html.Open("head");
        html.Void("meta", ("charset", "utf-8"));
        html.Void("meta", ("http-equiv", "Content-Security-Policy"), ("content", Policy));
        html.Void("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
        html.Void("meta", ("name", "color-scheme"), ("content", "light dark"));
        html.Leaf("title", $"{title} · Espalier");
        html.Leaf("style", ReportStyle.Css);
    }
}
