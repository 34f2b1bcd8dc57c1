# Completes `aroom` in PowerShell. Load it with:  aroom completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName aroom -ScriptBlock {
    param($typed, $ast, $cursor)
    $before = @($ast.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursor -or ($typed -eq '' -and $_.Extent.EndOffset -le $cursor) } |
        ForEach-Object { $_.ToString() })
    # The word is marked, because an empty one would get lost on the way.
    & aroom completions powershell -- "=$typed" @before 2>$null | ForEach-Object {
        $name, $about = $_ -split "`t", 2
        if ($name -like ':*') { return }
        if (-not $about) { $about = $name }
        [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', $about)
    }
}
