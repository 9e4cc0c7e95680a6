# Gathers from the Edge Servers of a pool what no scan can see: the certificates
# that are assigned (Get-CsCertificate, all types), when the services started
# that present them, and the thumbprints of the CA and Root stores, with what is
# no root in the latter. Nothing is changed. The file is read by a line of the
# targets file:  inventory * FILE
#
# From a jump host, where WinRM is open to the members:
#   .\collect.ps1 -ComputerName edge1,edge2 -Credential (Get-Credential)
# Members in no domain ask for -UseSSL, or for TrustedHosts on the jump host.
# Else on each member, as administrator; the files may then be put together:
#   .\collect.ps1 -OutFile edge1.json
#   Get-Content edge1.json,edge2.json | Out-File -Encoding utf8 all.json
[CmdletBinding()]
param(
    [string[]] $ComputerName,
    [string] $OutFile = 'edgecert-inventory.json',
    [System.Management.Automation.PSCredential] $Credential,
    [switch] $UseSSL
)
$ErrorActionPreference = 'Stop'

# What runs on a member. It answers in JSON, since remoting flattens what is nested.
$gather = {
    $ErrorActionPreference = 'Stop'
    function Format-Date($date) {
        if ($date) { ([datetime] $date).ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture) }
    }
    foreach ($module in 'SkypeForBusiness', 'Lync') {
        if (Get-Module -ListAvailable -Name $module) { Import-Module $module; break }
    }
    if (-not (Get-Command Get-CsCertificate -ErrorAction SilentlyContinue)) {
        throw "Get-CsCertificate is not here: $env:COMPUTERNAME is no server of the product, or this is not Windows PowerShell."
    }
    $certificates = @(Get-CsCertificate | ForEach-Object {
        [pscustomobject] @{
            Use = $_.Use.ToString(); Thumbprint = $_.Thumbprint; SerialNumber = $_.SerialNumber
            Subject = $_.Subject; Issuer = $_.Issuer; AlternativeNames = @($_.AlternativeNames)
            NotBefore = Format-Date $_.NotBefore; NotAfter = Format-Date $_.NotAfter
            EffectiveDate = Format-Date $_.EffectiveDate
        }
    })
    $services = @(Get-CimInstance -ClassName Win32_Service -Filter "Name LIKE 'RTC%' OR Name = 'REPLICA'" | ForEach-Object {
        $service = $_
        $started = $null
        try { if ($service.ProcessId) { $started = (Get-Process -Id $service.ProcessId).StartTime } } catch { Write-Verbose "$_" }
        [pscustomobject] @{ Name = $service.Name; State = $service.State; Started = Format-Date $started }
    })
    $roots = @(Get-ChildItem Cert:\LocalMachine\Root)
    try { $computer = [Net.Dns]::GetHostEntry('').HostName } catch { $computer = $env:COMPUTERNAME }
    [pscustomobject] @{
        MachineName = $computer; Collected = Format-Date (Get-Date)
        Certificates = $certificates; Services = $services
        CA = @(Get-ChildItem Cert:\LocalMachine\CA | ForEach-Object { $_.Thumbprint })
        Root = @($roots | ForEach-Object { $_.Thumbprint })
        Misplaced = @($roots | Where-Object { $_.Subject -ne $_.Issuer } | ForEach-Object {
            [pscustomobject] @{ Thumbprint = $_.Thumbprint; Subject = $_.Subject; Issuer = $_.Issuer }
        })
    } | ConvertTo-Json -Depth 5
}

$parts = @()
if (-not $ComputerName) {
    $parts += & $gather
}
foreach ($computer in $ComputerName) {
    $remote = @{ ComputerName = $computer }
    if ($Credential) { $remote.Credential = $Credential }
    if ($UseSSL) { $remote.UseSSL = $true }
    try {
        $parts += Invoke-Command @remote -ScriptBlock $gather
        Write-Host "${computer}: gathered"
    } catch {
        Write-Warning "${computer}: $($_.Exception.Message) Run this script there, without -ComputerName."
    }
}
if (-not $parts) { throw 'nothing was gathered' }
$path = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($OutFile)
# With a byte order mark: without it Get-Content of Windows PowerShell takes the file for ANSI.
[IO.File]::WriteAllText($path, '[' + ($parts -join ",`r`n") + "]`r`n", (New-Object Text.UTF8Encoding $true))
Write-Host "$path holds $($parts.Count) of $([Math]::Max(1, @($ComputerName).Count)) members"
