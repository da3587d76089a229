namespace Espalier.Reports.Html;

/// <summary>The head of a page that needs no network and no script.</summary>
internal static class PageHead
{
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'";

    /// <summary>Writes it.</summary>
    internal static void Write(HtmlBuilder html, string title)
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
